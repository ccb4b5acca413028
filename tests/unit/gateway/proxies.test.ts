import { describe, expect, test } from 'bun:test';
import { subnetsOf, TrustedProxies } from '../../../src/gateway/proxies.ts';

const LIST = '127.0.0.1,10.0.0.0/8, ::1,fd00::/8';

describe('who the client is', () => {
  test.each([
    ['nobody is believed by default', null, '127.0.0.1', '1.2.3.4', '127.0.0.1'],
    ['a stranger may write what he wants', LIST, '8.8.8.8', '1.2.3.4', '8.8.8.8'],
    ['a proxy says it', LIST, '127.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['a proxy that says nothing is the client', LIST, '10.1.1.1', null, '10.1.1.1'],
    ['a chain of proxies', LIST, '10.1.1.1', '1.2.3.4, 10.9.9.9', '1.2.3.4'],
    ['what the client itself wrote in front counts for nothing', LIST, '10.1.1.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['a chain of proxies alone', LIST, '10.1.1.1', '10.2.2.2, 10.3.3.3', '10.2.2.2'],
    ['a client by IPv6', LIST, 'fd12::5', '2001:db8::7', '2001:db8::7'],
    ['a proxy by IPv4 in IPv6', LIST, '::ffff:10.1.1.1', '1.2.3.4', '1.2.3.4'],
    ['with ports', LIST, '::1', '[2001:db8::7]:4711, 10.0.0.9:80', '2001:db8::7'],
    ['with a port of IPv4', LIST, '::1', '1.2.3.4:4711', '1.2.3.4'],
    ['no address is no client', LIST, '10.1.1.1', '1.2.3.4, unknown', '10.1.1.1'],
    ['an empty header', LIST, '10.1.1.1', '', '10.1.1.1'],
  ] as const)('%s', (_story, list, peer, forwarded, client) => {
    const headers = new Headers(forwarded === null ? {} : { 'x-forwarded-for': forwarded });
    expect(new TrustedProxies(list).clientOf(peer, headers)).toBe(client);
  });
});

test("a stranger's header is not read: it costs nothing, whatever stands in it", () => {
  const headers = {
    get: (): string => {
      throw new Error('it was read');
    },
  };
  expect(new TrustedProxies(LIST).clientOf('8.8.8.8', headers as never)).toBe('8.8.8.8');
});

/** Looked at by a pattern that tries each of its blanks as the end, this one holds the loop for minutes. */
test.each([`a${' '.repeat(200_000)}b`, `${'['.repeat(200_000)}1`, ','.repeat(200_000), '1'.repeat(200_000)])(
  'a header that is made to cost time costs none (%#)',
  (forwarded) => {
    const headers = new Headers({ 'x-forwarded-for': forwarded });
    expect(new TrustedProxies(LIST).clientOf('10.1.1.1', headers)).toBe('10.1.1.1');
  },
);

test.each(['', 'proxy.example', '10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.1,,', '10.0.0'])(
  '%j is no list of addresses',
  (list) => {
    expect(subnetsOf(list)).toBeNull();
  },
);
