import { expect, test } from 'bun:test';
import { SocketCounts } from '../../../src/gateway/socket-counts.ts';

const open = (more: object = {}) => new SocketCounts({ sockets: 4, socketsPerIp: 2, strangers: 10, ...more });
const add = (counts: SocketCounts, ...ips: readonly string[]): void => {
  for (const ip of ips) counts.add(ip);
};

test('one address has so many sockets, and leaves room for the others', () => {
  const counts = open();
  add(counts, '192.0.2.1', '192.0.2.1');
  expect([counts.admits('192.0.2.1'), counts.admits('192.0.2.2')]).toEqual([false, true]);
  counts.remove('192.0.2.1');
  expect(counts.admits('192.0.2.1')).toBe(true);
});

test('a proxy on this machine speaks for everybody', () => {
  for (const ip of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    const counts = open();
    add(counts, ip, ip, ip);
    expect(counts.admits(ip)).toBe(true);
    add(counts, ip);
    expect(counts.admits(ip)).toBe(false);
  }
});

test('all addresses together have so many that have not identified', () => {
  const counts = open({ strangers: 2 });
  add(counts, '192.0.2.1', '192.0.2.2');
  expect(counts.admits('192.0.2.3')).toBe(false);
  counts.strangers = 1;
  expect(counts.admits('192.0.2.3')).toBe(true);
});
