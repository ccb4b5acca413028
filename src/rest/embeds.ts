/** Embeds and components of a request as they are stored: type set, nothing null, files of the same request by their address. */
import type { APIEmbed } from 'discord-api-types/v10';
import { compact } from './compact.ts';
import { refusedField } from './refused.ts';

/** Sum over title, description, field names and values, footer and author of all embeds (docs/resources/message, embed limits). */
const MAX_EMBED_TEXT = 6000;

type Loose = Readonly<Record<string, unknown>>;

/** A link is shown for people to follow: `javascript:` and `file:` are none. `discord:` leads to a place in the client. */
const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'attachment', 'discord']);
const LINKS: ReadonlySet<string> = new Set(['url', 'icon_url', 'proxy_url', 'proxy_icon_url']);

/** Refused: invalidForm at the first link of another scheme. Text without a scheme leads nowhere and is left alone. */
function checkLinks(value: unknown, path: readonly (string | number)[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const below = [...path, key];
    checkLinks(each, below);
    if (typeof each !== 'string' || !LINKS.has(key)) continue;
    // Browsers skip blanks and control characters in front of a scheme and within it.
    const scheme = /^([^/?#:]*):/.exec(each.replace(/[\p{Cc}\s]/gu, ''))?.[1]?.toLowerCase();
    if (scheme === undefined || SCHEMES.has(scheme)) continue;
    const message = `Scheme "${scheme.slice(0, 50).toWellFormed()}" must be one of ('http', 'https').`;
    throw refusedField(below, 'URL_TYPE_INVALID_SCHEME', message);
  }
}

/** `urls`: file name -> address, for `attachment://name`. */
export function normalEmbeds(embeds: readonly Loose[], urls: ReadonlyMap<string, string>): APIEmbed[] {
  checkLinks(embeds, ['embeds']);
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
  checkLinks(components, ['components']);
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
