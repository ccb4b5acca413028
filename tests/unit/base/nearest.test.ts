import { expect, test } from 'bun:test';
import { nearest } from '../../../src/base/nearest.ts';

const WORDS = ['port', 'host', 'store', 'seed', 'data-dir', 'registration'];

test.each([
  ['prot', 'port'],
  ['por', 'port'],
  ['ports', 'port'],
  ['post', 'port'],
  ['datadir', 'data-dir'],
  ['registraton', 'registration'],
  ['regsitrations', 'registration'],
  ['store', 'store'],
  ['proto', null],
  ['token', null],
  ['data', null],
  ['', null],
])('%s is meant to be %s', (written, meant) => {
  expect(nearest(written, WORDS)).toBe(meant);
});
