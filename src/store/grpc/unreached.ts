/** Why no data service was met, for whoever has to mend it. */

/** What ended the connection, out of what gRPC says of itself around it. */
export const plainTrouble = (details: string): string =>
  /Last error: (?:Error: )?(.+?)(?: \(\d{4}-[^)]*\))?\. Resolution note: /.exec(details)?.[1] ?? details;

/** `details`: as gRPC says it. An error of TLS means that something answers there. */
export function whyUnreached(address: string, isTls: boolean, details: string): string {
  const why = plainTrouble(details);
  if (isTls && /wrong.version/i.test(why))
    return `what answers at ${address} does not speak TLS: leave --data-ca-file away`;
  if (isTls && /cert/i.test(why))
    return `the data service at ${address} is not trusted (${why}): --data-ca-file must hold what has signed its certificate, which must name the host of --data-address`;
  // So an end without any error looks: who expects TLS hangs up on who speaks none.
  if (!isTls && why === 'Failed to connect')
    return `what listens at ${address} hangs up: if it is a data service with a certificate, give --data-ca-file`;
  return `no data service answers at ${address} (${why})`;
}
