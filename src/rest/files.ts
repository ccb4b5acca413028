/** Files on disk: attachments by channel and id, pictures of users and guilds by hash. One quota for the installation. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
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

export interface OpenFile {
  readonly size: number;
  read(start: number, end: number): Readable;
}

/** 10 MiB of picture is 14 MiB of base64: beyond what Discord takes. */
const MAX_PICTURE_BYTES = 10 * 1024 * 1024;

export class Files {
  readonly #directory: string;
  readonly #quota: bigint;
  readonly #used: BigInt64Array;

  constructor({ directory, quotaBytes, used = new BigInt64Array(1) }: FilesOptions) {
    this.#directory = directory;
    this.#quota = BigInt(quotaBytes);
    this.#used = used;
  }

  /** Bytes on disk now; walks the whole tree, so once at start. */
  async measure(): Promise<number> {
    const entries = await readdir(this.#directory, { recursive: true, withFileTypes: true }).catch(() => []);
    let sum = 0;
    for (const entry of entries) if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
    return sum;
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
    await mkdir(folder, { recursive: true });
    let size = 0;
    const head: Uint8Array[] = [];
    const file = await open(join(folder, name), 'wx', 0o600);
    try {
      for await (const chunk of content) {
        if (size + chunk.byteLength > maxBytes) throw refused('payloadTooLarge');
        this.#take(chunk.byteLength);
        if (size < HEAD_BYTES) head.push(chunk);
        size += chunk.byteLength;
        await file.write(chunk);
      }
      await file.sync();
    } catch (error) {
      this.#give(size);
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      await file.close();
    }
    return { name, size, picture: pictureOf(Buffer.concat(head)) };
  }

  async removeAttachment(channelId: Snowflake, id: Snowflake, size: number): Promise<void> {
    await rm(this.#attachment(channelId, id), { recursive: true, force: true });
    this.#give(size);
  }

  openAttachment(channelId: string, id: string, name: string): Promise<OpenFile | null> {
    return openFile(join(this.#attachment(channelId, id), name));
  }

  /** A `data:` URI of a form. -> its hash, `a_` in front if it may move. Refused: invalidForm at `field`. */
  async savePicture(kind: PictureKind, owner: Snowflake, data: string, field: string): Promise<string> {
    const bytes = Buffer.from(data.slice(data.indexOf(',') + 1), 'base64');
    const picture = pictureOf(bytes.subarray(0, HEAD_BYTES));
    if (picture === null) throw refusedField([field], 'IMAGE_INVALID', 'Invalid image data.');
    if (bytes.byteLength > MAX_PICTURE_BYTES) {
      throw refusedField([field], 'BINARY_TYPE_MAX_SIZE', 'File cannot be larger than 10240.0 kb.');
    }
    const hash = `${picture.type === 'gif' ? 'a_' : ''}${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`;
    const folder = join(this.#directory, kind, owner);
    const path = join(folder, hash);
    if ((await openFile(path)) !== null) return hash;
    this.#take(bytes.byteLength);
    await mkdir(folder, { recursive: true });
    await writeFile(path, bytes, { mode: 0o600 });
    return hash;
  }

  openPicture(kind: PictureKind, owner: string, hash: string): Promise<OpenFile | null> {
    return openFile(join(this.#directory, kind, owner, hash));
  }

  #attachment(channelId: string, id: string): string {
    return join(this.#directory, 'attachments', channelId, id);
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

async function openFile(path: string): Promise<OpenFile | null> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) return null;
  return { size: found.size, read: (start, end) => createReadStream(path, { start, end }) };
}
