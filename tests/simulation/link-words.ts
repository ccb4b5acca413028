/** What crosses a link, for the trace. */
import type { LinkMessage } from '../../src/protocol/links.ts';

export function described(message: LinkMessage): string {
  if (message.m === 'outlet') {
    const { entry } = message;
    if (entry.what === 'placed') return `placed ${entry.owner} ${entry.epoch}`;
    if (entry.what === 'refused') return `refused ${entry.mark.owner}`;
    const { owner, epoch, n, seq, entry: said } = entry.relay;
    const who = said.kind === 'answer' ? `${said.session} ask ${said.ask} missed ${said.missed?.length}` : '';
    return `${said.kind} ${owner} ${epoch}/${n} row ${seq} ${who}`;
  }
  if (message.m === 'interest') {
    const { tell, to } = message;
    return tell.kind === 'attach' ? `attach ${tell.ask.session} to ${to} since ${tell.ask.since}` : `forget at ${to}`;
  }
  if (message.m === 'residence') return `${message.message.r}`;
  return message.m;
}
