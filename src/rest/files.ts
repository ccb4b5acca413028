/** Files on disk: attachments by channel and id, pictures of users and guilds by hash. One quota for the installation. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { groupsOf } from '../base/groups-of.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { HEAD_BYTES, type Picture, pictureOf, safeName } from './media.ts';
import { refused, refusedField } from './refused.ts';

export type PictureKind = 'avatars' | 'banners' | 'icons' | 'role-icons' | 'app-icons' | 'channel-icons';

export interface FilesOptions {
  readonly directory: string;
  readonly quotaBytes: number;
  /** One number that all workers of the process share (over a SharedArrayBuffer); absent: this object's own. Set it from `measure` at start. */
  readonly used?: BigInt64Array;
}

export interface SavedFile {
  readonly name: string;
  readonly size: number;
  readonly picture: Picture | null;
}

export interface SavedPicture {
  readonly hash: string;
  /** It was not there before. */
  readonly isNew: boolean;
}

export interface OpenFile {
  readonly size: number;
  read(start: number, end: number): Readable;
}

/** 10 MiB of picture is 14 MiB of base64: beyond what Discord takes. */
const MAX_PICTURE_BYTES = 10 * 1024 * 1024;
/** Of one owner and kind, the one that is shown included. */
const KEPT_PICTURES = 5;
/** Files that are removed at once. */
const REMOVALS_AT_ONCE = 16;

export class Files {
  readonly #directory: string;
  readonly #quota: bigint;
  readonly #used: BigInt64Array;

  constructor({ directory, quotaBytes, used = new BigInt64Array(1) }: FilesOptions) {
    this.#directory = directory;
    this.#quota = BigInt(quotaBytes);
    this.#used = used;
  }

  /** Bytes on disk now, without what a crash has left half removed; walks the whole tree, so once at start. */
  async measure(): Promise<number> {
    await rm(this.#trash, { recursive: true, force: true });
    return sizeOf(this.#directory);
  }

  /** When no store shows any of them. */
  clear(): Promise<void> {
    return rm(this.#directory, { recursive: true, force: true });
  }

  /**
   * Streams a file to disk; it is there for good when this resolves. Refused: payloadTooLarge beyond `maxBytes`, storeFull beyond the quota.
   * What was written of a refused file is gone when this rejects.
   */
  async saveAttachment(
    channelId: Snowflake,
    id: Snowflake,
    filename: string,
    content: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<SavedFile> {
    const folder = this.#attachment(channelId, id);
    const name = safeName(filename);
    let size = 0;
    const head: Uint8Array[] = [];
    let file: FileHandle | null = null;
    try {
      await mkdir(folder, { recursive: true });
      file = await open(join(folder, name), 'wx', 0o600);
      for await (const chunk of content) {
        if (size + chunk.byteLength > maxBytes) throw refused('payloadTooLarge');
        this.#take(chunk.byteLength);
        if (size < HEAD_BYTES) head.push(chunk);
        size += chunk.byteLength;
        await file.appendFile(chunk);
      }
      await file.sync();
    } catch (error) {
      this.#give(size);
      await rm(folder, { recursive: true, force: true });
      throw asRefusal(error);
    } finally {
      await file?.close();
    }
    return { name, size, picture: pictureOf(Buffer.concat(head)) };
  }

  async removeAttachments(channelId: Snowflake, ids: readonly Snowflake[]): Promise<void> {
    for (const some of groupsOf(ids, REMOVALS_AT_ONCE))
      await Promise.all(some.map((id) => this.#remove(this.#attachment(channelId, id))));
  }

  /** Those that have a folder here. */
  channels(): Promise<Snowflake[]> {
    return idsIn(join(this.#directory, 'attachments'));
  }

  attachmentsOf(channelId: Snowflake): Promise<Snowflake[]> {
    return idsIn(join(this.#directory, 'attachments', channelId));
  }

  async sizeOfAttachments(channelId: Snowflake, ids: readonly Snowflake[]): Promise<number> {
    let sum = 0;
    for (const id of ids) sum += await sizeOf(this.#attachment(channelId, id));
    return sum;
  }

  /** Everything that was sent in a channel, and its picture. */
  async removeChannel(channelId: Snowflake): Promise<void> {
    await this.#remove(join(this.#directory, 'attachments', channelId));
    await this.removePictures('channel-icons', channelId);
  }

  removePictures(kind: PictureKind, owner: Snowflake): Promise<void> {
    return this.#remove(join(this.#directory, kind, owner));
  }

  openAttachment(channelId: string, id: string, name: string): Promise<OpenFile | null> {
    return openFile(join(this.#attachment(channelId, id), name));
  }

  /** A `data:` URI of a form. -> its hash, `a_` in front if it may move. Refused: invalidForm at `field`. */
  async savePicture(kind: PictureKind, owner: Snowflake, data: string, field: string): Promise<SavedPicture> {
    const bytes = Buffer.from(data.slice(data.indexOf(',') + 1), 'base64');
    const picture = pictureOf(bytes.subarray(0, HEAD_BYTES));
    if (picture === null) throw refusedField([field], 'IMAGE_INVALID', 'Invalid image data.');
    if (bytes.byteLength > MAX_PICTURE_BYTES) {
      throw refusedField([field], 'BINARY_TYPE_MAX_SIZE', 'File cannot be larger than 10240.0 kb.');
    }
    const hash = `${picture.type === 'gif' ? 'a_' : ''}${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`;
    const path = this.#picture(kind, owner, hash);
    if ((await openFile(path)) !== null) return { hash, isNew: false };
    this.#take(bytes.byteLength);
    try {
      await this.#place(path, bytes);
    } catch (error) {
      this.#give(bytes.byteLength);
      throw asRefusal(error);
    }
    return { hash, isNew: true };
  }

  /** Whole or not at all: a name that is there already is taken for the file that it names. */
  async #place(path: string, bytes: Uint8Array): Promise<void> {
    const box = await this.#box();
    try {
      await writeFile(join(box, 'it'), bytes, { mode: 0o600, flush: true });
      await mkdir(dirname(path), { recursive: true });
      await rename(join(box, 'it'), path);
    } finally {
      await rm(box, { recursive: true, force: true });
    }
  }

  removePicture(kind: PictureKind, owner: Snowflake, hash: string): Promise<void> {
    return this.#remove(this.#picture(kind, owner, hash));
  }

  /** The owner shows `hash` from `now` (ms) on. Messages show the pictures of their time, so the newest few before it stay. */
  async keepPicture(kind: PictureKind, owner: Snowflake, hash: string, now: number): Promise<void> {
    const path = this.#picture(kind, owner, hash);
    await utimes(path, now / 1000, now / 1000);
    const folder = dirname(path);
    const others = (await readdir(folder)).filter((name) => name !== hash);
    if (others.length < KEPT_PICTURES) return;
    const dated = await Promise.all(
      others.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
    );
    const old = dated.sort((one, other) => other.at - one.at).slice(KEPT_PICTURES - 1);
    for (const { name } of old) await this.#remove(join(folder, name));
  }

  openPicture(kind: PictureKind, owner: string, hash: string): Promise<OpenFile | null> {
    return openFile(this.#picture(kind, owner, hash));
  }

  #attachment(channelId: string, id: string): string {
    return join(this.#directory, 'attachments', channelId, id);
  }

  #picture(kind: PictureKind, owner: string, hash: string): string {
    return join(this.#directory, kind, owner, hash);
  }

  get #trash(): string {
    return join(this.#directory, 'trash');
  }

  /** Gone for everybody at once. Of two who remove the same only one moves it, so its size is given back once. */
  async #remove(path: string): Promise<void> {
    if ((await stat(path).catch(() => null)) === null) return;
    const box = await this.#box().catch((error: unknown) => {
      if (isFull(error)) return null;
      throw error;
    });
    if (box === null) return this.#removeInPlace(path);
    try {
      await rename(path, join(box, 'it'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const size = await sizeOf(box);
    await rm(box, { recursive: true, force: true });
    this.#give(size);
  }

  /** A full disk may have no room for the box: what is removed makes some. Each file is given back by who unlinks it, which only one can. */
  async #removeInPlace(path: string): Promise<void> {
    for (const file of await filesAt(path)) {
      const isMine = await unlink(file.path).then(
        () => true,
        () => false,
      );
      if (isMine) this.#give(file.size);
    }
    await rm(path, { recursive: true, force: true });
  }

  /** A folder of one's own, for what is on its way in or out. */
  async #box(): Promise<string> {
    await mkdir(this.#trash, { recursive: true });
    return mkdtemp(join(this.#trash, 'box-'));
  }

  #take(bytes: number): void {
    const before = Atomics.add(this.#used, 0, BigInt(bytes));
    if (before + BigInt(bytes) <= this.#quota) return;
    Atomics.sub(this.#used, 0, BigInt(bytes));
    throw refused('storeFull');
  }

  #give(bytes: number): void {
    Atomics.sub(this.#used, 0, BigInt(bytes));
  }
}

/** No room, or no more of it for this user. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);
const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && FULL.has(error.code);

/** A full disk is a state that the client hears of; anything else is what it is. */
const asRefusal = (error: unknown): unknown => (isFull(error) ? refused('storeFull') : error);

/** Names that are ids; none of a folder that is not there. */
async function idsIn(folder: string): Promise<Snowflake[]> {
  if ((await stat(folder).catch(() => null)) === null) return [];
  return (await readdir(folder)).filter((name) => /^\d{1,20}$/.test(name));
}

/** Bytes of a file, or of all files below a folder; 0 when nothing is there. */
async function sizeOf(path: string): Promise<number> {
  return (await filesAt(path)).reduce((sum, { size }) => sum + size, 0);
}

/** A file, or all files below a folder; others may remove them meanwhile. */
async function filesAt(path: string): Promise<{ readonly path: string; readonly size: number }[]> {
  const found = await stat(path).catch(goneAsNull);
  if (found === null) return [];
  if (found.isFile()) return [{ path, size: found.size }];
  const files: { path: string; size: number }[] = [];
  for (const entry of (await readdir(path, { recursive: true, withFileTypes: true }).catch(goneAsNull)) ?? []) {
    const file = join(entry.parentPath, entry.name);
    const size = entry.isFile() ? (await stat(file).catch(goneAsNull))?.size : undefined;
    if (size !== undefined) files.push({ path: file, size });
  }
  return files;
}

function goneAsNull(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

async function openFile(path: string): Promise<OpenFile | null> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) return null;
  return { size: found.size, read: (start, end) => createReadStream(path, { start, end }) };
}
