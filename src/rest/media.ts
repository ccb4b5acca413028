/** Names and kinds of files: what a name may be, what a browser may show, how big a picture is. */
import { disableTypes, imageSize } from 'image-size';
import { jpegSize } from './jpeg.ts';

/** Shown in place by browsers; everything else is a download. No SVG, no HTML, no PDF: they can carry scripts. */
const MEDIA: ReadonlyMap<string, string> = new Map(
  Object.entries({
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    gif: 'image/gif',
    webp: 'image/webp',
    avif: 'image/avif',
    mp4: 'video/mp4',
    webm: 'video/webm',
    mov: 'video/quicktime',
    mp3: 'audio/mpeg',
    ogg: 'audio/ogg',
    oga: 'audio/ogg',
    opus: 'audio/ogg',
    wav: 'audio/wav',
    flac: 'audio/flac',
    m4a: 'audio/mp4',
  }),
);

const OTHERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    txt: 'text/plain; charset=utf-8',
    md: 'text/plain; charset=utf-8',
    log: 'text/plain; charset=utf-8',
    json: 'application/json',
    pdf: 'application/pdf',
    zip: 'application/zip',
  }),
);

const extension = (name: string): string => /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

export const contentType = (name: string): string =>
  MEDIA.get(extension(name)) ?? OTHERS.get(extension(name)) ?? 'application/octet-stream';

export const isMedia = (name: string): boolean => MEDIA.has(extension(name));

const MAX_NAME_BYTES = 180;

/** Letters, digits, `.`, `_`, `-` of any script; no path, no leading dot. The same name twice over is the same name. */
export function safeName(name: string): string {
  const base = name.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const plain = base.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_');
  const ending = /(?<=.)\.[A-Za-z0-9]{1,10}$/.exec(plain)?.[0] ?? '';
  const rest = plain.slice(0, plain.length - ending.length).replace(/^[._]+/, '');
  const stem = shortened(rest, MAX_NAME_BYTES - ending.length);
  return stem === '' ? `unknown${ending}` : stem + ending;
}

/** Whole letters only. A name may be as long as a header: it is walked once. */
function shortened(text: string, maxBytes: number): string {
  let [kept, bytes] = ['', 0];
  for (const letter of text) {
    bytes += Buffer.byteLength(letter);
    if (bytes > maxBytes) break;
    kept += letter;
  }
  return kept;
}

/** How much of a file's start is looked at: the size of a JPEG may stand behind a long preview. */
export const HEAD_BYTES = 256 * 1024;

/** Of these the library looks at a few bytes. At a JPEG it looks byte by byte, which takes half a second of one that is made for it. */
const KNOWN = new Set(['png', 'gif', 'webp']);
disableTypes([
  'jpg',
  'bmp',
  'cur',
  'dds',
  'heif',
  'icns',
  'ico',
  'j2c',
  'jp2',
  'jxl',
  'jxl-stream',
  'ktx',
  'pnm',
  'psd',
  'svg',
  'tga',
  'tiff',
]);

export interface Picture {
  readonly type: string;
  readonly width: number;
  readonly height: number;
}

/** From the first bytes; null for what is no PNG, JPEG, GIF or WebP. */
export function pictureOf(head: Uint8Array): Picture | null {
  if (head[0] === 0xff && head[1] === 0xd8) {
    const size = jpegSize(head);
    return size && { type: 'jpg', ...size };
  }
  try {
    const { type, width, height } = imageSize(head);
    return type !== undefined && KNOWN.has(type) ? { type, width, height } : null;
  } catch {
    return null;
  }
}
