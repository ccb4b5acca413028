/** Who is behind a proxy: `X-Forwarded-For` is believed from proxies of the operator alone, since anybody can write it. */
import { BlockList, isIP } from 'node:net';

/** Four or six, after `isIP`. */
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

interface Subnet {
  readonly address: string;
  readonly bits: number;
}

/** `10.0.0.0/8`, or one address. Null: neither. */
function subnetOf(text: string): Subnet | null {
  const [address = '', bits, ...more] = text.trim().split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || more.length > 0) return null;
  if (bits === undefined) return { address, bits: most };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? { address, bits: Number(bits) } : null;
}

/** Addresses and CIDR ranges with a comma between two. Null: something else is among them. */
export function subnetsOf(list: string): readonly Subnet[] | null {
  const subnets = list.split(',').map(subnetOf);
  return subnets.some((subnet) => subnet === null) ? null : subnets.filter((subnet) => subnet !== null);
}

/** What must be there instead, and the first that is not so; null: nothing is wrong. */
export function wrongProxies(list: string): string | null {
  const wrong = list.split(',').find((one) => subnetOf(one) === null);
  if (wrong === undefined) return null;
  return `addresses or ranges (10.0.0.0/8), with a comma between two; ${JSON.stringify(wrong.trim())} is none`;
}

/** No address with port and brackets is longer. */
const LONGEST = 64;

/** An IPv4 address in its own form, without a port or brackets. Any client may have written it: what it costs grows no faster than its length. */
function plain(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST) return '';
  const bare = trimmed.startsWith('[') ? (/^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1] ?? '') : trimmed;
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/i.exec(bare)?.[1];
  return v4 ?? bare;
}

export class TrustedProxies {
  /** Null: nobody is, and no request pays for looking. */
  readonly #trusted: BlockList | null;

  /** `list`: as `subnetsOf` wants it; null: nobody is believed. */
  constructor(list: string | null) {
    const trusted = new BlockList();
    for (const { address, bits } of list === null ? [] : (subnetsOf(list) ?? [])) {
      trusted.addSubnet(address, bits, familyOf(address));
    }
    this.#trusted = list === null ? null : trusted;
  }

  /** The address of the client: the last one in the chain that no trusted proxy has. `peer`: who holds the connection. */
  clientOf(peer: string, headers: Headers): string {
    // What a stranger says is not even read.
    if (!this.#trusts(peer)) return peer;
    const chain = (headers.get('x-forwarded-for') ?? '').split(',');
    let client = peer;
    while (this.#trusts(client)) {
      const before = plain(chain.pop() ?? '');
      if (isIP(before) === 0) return client;
      client = before;
    }
    return client;
  }

  #trusts(address: string): boolean {
    if (this.#trusted === null) return false;
    const text = plain(address);
    return isIP(text) !== 0 && this.#trusted.check(text, familyOf(text));
  }
}
