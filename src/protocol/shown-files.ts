/** Which files a message shows: those of its list, and those whose address stands in its embeds or components. */
import type { Snowflake } from './ids.ts';
import type { StoredMessage } from './records.ts';

const ADDRESS = /\/attachments\/\d{1,20}\/(\d{1,20})\//g;

/** Ids. What it only quotes (the message it answers) or names in its text is not its own. */
export function shownFiles({ attachments, embeds, components }: StoredMessage): Set<Snowflake> {
  const shown = new Set(attachments.map(({ id }) => id));
  if (embeds.length === 0 && (components ?? []).length === 0) return shown;
  for (const [, id = ''] of JSON.stringify([embeds, components]).matchAll(ADDRESS)) shown.add(id);
  return shown;
}
