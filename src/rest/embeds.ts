/** Embeds and components of a request as they are stored: type set, nothing null, files of the same request by their address. */
import type { APIEmbed } from 'discord-api-types/v10';
import { compact } from './compact.ts';
import { refusedField } from './refused.ts';

/** Sum over title, description, field names and values, footer and author of all embeds (docs/resources/message, embed limits). */
const MAX_EMBED_TEXT = 6000;

type Loose = Readonly<Record<string, unknown>>;

/** `urls`: file name -> address, for `attachment://name`. */
export function normalEmbeds(embeds: readonly Loose[], urls: ReadonlyMap<string, string>): APIEmbed[] {
  const size = embeds.reduce((sum, embed) => sum + embedText(embed), 0);
  if (size > MAX_EMBED_TEXT) {
    throw refusedField(['embeds'], 'MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${MAX_EMBED_TEXT}`);
  }
  return embeds.map((embed) => {
    const normal = compact(embed, urls) as Record<string, unknown>;
    if (Array.isArray(normal.fields))
      normal.fields = normal.fields.map((field: Loose) => ({ inline: false, ...field }));
    return { ...normal, type: 'rich' } as unknown as APIEmbed;
  });
}

function embedText(embed: Loose): number {
  const fields = Array.isArray(embed.fields) ? (embed.fields as Loose[]) : [];
  const parts = [embed.title, embed.description, (embed.footer as Loose)?.text, (embed.author as Loose)?.name];
  const all = [...parts, ...fields.flatMap(({ name, value }) => [name, value])];
  return all.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
}

/** Every component has a number that is unique in its message; those that came without get the next free ones (docs/components/reference). */
export function numberedComponents(components: readonly unknown[], urls: ReadonlyMap<string, string>): unknown[] {
  const taken = new Set<number>();
  const normal = compact(components, urls) as Record<string, unknown>[];
  walk(normal, (each) => typeof each.id === 'number' && each.id > 0 && taken.add(each.id));
  let next = 1;
  walk(normal, (each) => {
    if (typeof each.id === 'number' && each.id > 0) return;
    while (taken.has(next)) next++;
    taken.add(next);
    each.id = next;
  });
  return normal;
}

function walk(
  components: readonly Record<string, unknown>[],
  visit: (component: Record<string, unknown>) => void,
): void {
  for (const each of components) {
    visit(each);
    if (Array.isArray(each.components)) walk(each.components, visit);
    if (typeof each.accessory === 'object' && each.accessory !== null)
      walk([each.accessory as Record<string, unknown>], visit);
  }
}
