/** How a data service is met: in the clear, or over TLS where its certificate can be judged. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';

export interface Channel {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** `ca`: who has signed its certificate, PEM; null: no TLS. The certificate must name the host of the address. */
export function channelTo(address: string, ca: Buffer | null): Channel {
  if (ca === null) return { credentials: credentials.createInsecure(), options: {} };
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) return { credentials: credentials.createSsl(ca), options: {} };
  // In its greeting TLS can say a name only, and any will do; the address itself is looked for in the certificate.
  const judge = { checkServerIdentity: (_said: string, cert: Certificate) => checkServerIdentity(host, cert) };
  return {
    credentials: credentials.createSsl(ca, null, null, judge),
    options: { 'grpc.ssl_target_name_override': 'localhost' },
  };
}

type Certificate = Parameters<typeof checkServerIdentity>[1];
