/** The gateway's address as a client must be told it: without trailing slash and query (wire-rules.md rule 9). */

/** From the configured public URL, else from what the request says of itself, so that it is right behind any proxy. */
export function gatewayUrl(publicUrl: string | null, headers: Headers, secure: boolean): string {
  if (publicUrl !== null)
    return publicUrl
      .replace(/^http/, 'ws')
      .replace(/[?#].*$/, '')
      .replace(/\/+$/, '');
  const forwarded = headers.get('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase();
  const tls = forwarded === undefined ? secure : forwarded === 'https' || forwarded === 'wss';
  const host = headers.get('host') ?? 'localhost';
  return `${tls ? 'wss' : 'ws'}://${host}`;
}
