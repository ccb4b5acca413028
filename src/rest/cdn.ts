/** Files for browsers and clients. What one user uploaded must do nothing in another's browser but be seen or saved. */
import { Readable } from 'node:stream';
import { defaultAvatar } from './default-avatars.ts';
import type { Files, OpenFile, PictureKind } from './files.ts';
import { contentType, HEAD_BYTES, isMedia, pictureOf, safeName } from './media.ts';
import { VIA } from './respond.ts';

const ID = String.raw`(\d{1,20})`;
const ATTACHMENT = new RegExp(`^/attachments/${ID}/${ID}/([^/]+)$`);
const PICTURE = new RegExp(
  `^/(avatars|banners|icons|role-icons|app-icons|channel-icons)/${ID}/((?:a_)?[0-9a-f]{32})\\.(?:png|jpe?g|webp|gif)$`,
);
const DEFAULT_AVATAR = /^\/embed\/avatars\/(\d)\.png$/;

const SAFE = {
  Via: VIA,
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'public, max-age=31536000, immutable',
};

/** Null: not a path of the CDN, or nothing is there. */
export async function serveCdn(files: Files, request: Request, pathname: string): Promise<Response | null> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return null;
  const path = pathname.replace(/^\/cdn(?=\/)/, '');
  const attachment = ATTACHMENT.exec(path);
  if (attachment) return serveAttachment(files, request, attachment);
  const picture = PICTURE.exec(path);
  if (picture) return servePicture(files, request, picture);
  const index = DEFAULT_AVATAR.exec(path)?.[1];
  const png = index === undefined ? null : defaultAvatar(Number(index));
  return png && new Response(png as Uint8Array<ArrayBuffer>, { headers: { ...SAFE, 'Content-Type': 'image/png' } });
}

async function serveAttachment(
  files: Files,
  request: Request,
  [, channelId = '', id = '', encoded = '']: readonly string[],
): Promise<Response | null> {
  const name = decoded(encoded);
  // A stored name is its own safe form: whatever is not, is a trick.
  if (name === null || safeName(name) !== name) return null;
  const file = await files.openAttachment(channelId, id, name);
  if (file === null) return null;
  const disposition = `${isMedia(name) ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`;
  return send(request, file, contentType(name), disposition);
}

/** The stored picture as it is, whatever ending was asked for. */
async function servePicture(
  files: Files,
  request: Request,
  [, kind = '', owner = '', hash = '']: readonly string[],
): Promise<Response | null> {
  const file = await files.openPicture(kind as PictureKind, owner, hash);
  if (file === null) return null;
  const head = await bytesOf(file.read(0, Math.min(file.size, HEAD_BYTES) - 1));
  const type = pictureOf(head)?.type;
  return type === undefined ? null : send(request, file, contentType(`picture.${type}`), 'inline');
}

function send(request: Request, file: OpenFile, type: string, disposition: string): Response {
  const headers = new Headers({
    ...SAFE,
    'Content-Type': type,
    'Content-Disposition': disposition,
    'Accept-Ranges': 'bytes',
  });
  const range = rangeOf(request.headers.get('range'), file.size);
  if (range === 'unsatisfiable') {
    headers.set('Content-Range', `bytes */${file.size}`);
    return new Response(null, { status: 416, headers });
  }
  const [start, end] = range ?? [0, file.size - 1];
  if (range) headers.set('Content-Range', `bytes ${start}-${end}/${file.size}`);
  headers.set('Content-Length', String(end - start + 1));
  const empty = request.method === 'HEAD' || file.size === 0;
  const body = empty ? null : (Readable.toWeb(file.read(start, end)) as unknown as ReadableStream<Uint8Array>);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** One range of bytes; several at once are answered whole, which is allowed. */
function rangeOf(header: string | null, size: number): readonly [number, number] | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [from, to] = [match[1] ?? '', match[2] ?? ''];
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : [start, end];
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

async function bytesOf(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
