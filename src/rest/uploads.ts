/** Forms with files: `payload_json` and `files[n]` stream to disk while they arrive; a request that fails leaves nothing there. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { APIAttachment } from 'discord-api-types/v10';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import { bounded, parseBody } from './body.ts';
import type { Call } from './call.ts';
import { contentType } from './media.ts';
import type { Uploaded } from './message-draft.ts';
import { Refused, refused, refusedField } from './refused.ts';

/** `files[0]`; `file`, `file0` of older clients. */
const FILE_FIELD = /^(?:files\[(\d{1,2})\]|file(\d{0,2}))$/;

type Use<T> = (body: unknown, uploaded: readonly Uploaded[]) => Promise<T>;

/** Runs `use` with the form of a request, JSON or multipart. The owner is asked whether the caller may send before a file is taken. */
export async function withForm<T>(call: Call, owner: OwnerKey, channelId: Snowflake, use: Use<T>): Promise<T> {
  const type = call.request.headers.get('content-type') ?? '';
  if (!type.toLowerCase().startsWith('multipart/form-data')) return use(await call.json(), []);
  const { edge } = call;
  if (edge.uploads >= edge.deps.limits.uploads) throw refused('overloaded');
  edge.uploads++;
  const form = new Form(call, channelId);
  let isAsked = false;
  try {
    await call.read(owner, { ask: 'maySend', by: call.userId, channelId, attach: true });
    await form.receive(type);
    const body = parseBody(form.payload);
    isAsked = true;
    return await use(body, form.uploaded());
  } catch (error) {
    // After a fault nobody here knows whether the message is there: its files stay.
    if (!isAsked || error instanceof Refused) await form.discard();
    throw error;
  } finally {
    edge.uploads--;
  }
}

class Form {
  payload = '';
  readonly #call: Call;
  readonly #channelId: Snowflake;
  readonly #files: Promise<Uploaded>[] = [];
  readonly #streams: BusboyFileStream[] = [];
  readonly #saved: Uploaded[] = [];
  #problem: Error | null = null;

  constructor(call: Call, channelId: Snowflake) {
    this.#call = call;
    this.#channelId = channelId;
  }

  async receive(type: string): Promise<void> {
    const { clock, limits } = this.#call.edge.deps;
    const parser = openParser(type, limits.files, limits.bodyBytes);
    parser.on('field', (name, value, _nameCut, valueCut) => {
      if (name === 'payload_json') this.payload = value;
      if (valueCut) this.#problem ??= refused('payloadTooLarge');
    });
    parser.on('file', (field, stream, filename) => this.#take(field, stream, filename));
    // It may say again, after the pipeline has heard it, that the body broke off.
    parser.on('error', () => {});
    parser.on('filesLimit', () => {
      this.#problem ??= refusedField(['files'], 'BASE_TYPE_MAX_LENGTH', `Must be ${limits.files} or fewer in length.`);
    });
    try {
      await pipeline(
        Readable.from(bounded(this.#call.request, { clock, maxBytes: limits.multipartBytes, ms: limits.uploadMs })),
        parser,
      );
    } catch (error) {
      for (const stream of this.#streams) stream.destroy();
      this.#problem ??= error instanceof Refused ? error : unreadable();
    }
    const settled = await Promise.allSettled(this.#files);
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed) this.#problem ??= failed.reason as Error;
    if (this.#problem) throw this.#problem;
  }

  /** In the order of their numbers; those of one number as they came, whichever was on disk first. */
  uploaded(): readonly Uploaded[] {
    const came = (one: Uploaded, other: Uploaded) => Number(BigInt(one.attachment.id) - BigInt(other.attachment.id));
    return this.#saved.toSorted((one, other) => one.index - other.index || came(one, other));
  }

  /** Nothing of a request that failed stays. */
  async discard(): Promise<void> {
    await Promise.allSettled(this.#files);
    const { files } = this.#call.edge.deps;
    const ids = this.#saved.map(({ attachment }) => attachment.id);
    await files.removeAttachments(this.#channelId, ids);
  }

  #take(field: string, stream: BusboyFileStream, filename: string): void {
    // A body that ends within a file says so here, also while nobody reads: unheard it would end the worker.
    stream.on('error', () => {
      this.#problem ??= unreadable();
    });
    const match = FILE_FIELD.exec(field);
    if (match === null || this.#problem !== null) {
      this.#problem ??= refusedField([field], 'BASE_TYPE_INVALID', 'Files are named files[n].');
      stream.resume();
      return;
    }
    this.#streams.push(stream);
    const saved = this.#save(Number(match[1] ?? match[2]) || 0, stream, filename);
    // Heard again in `receive`; a failure before that is not unhandled.
    saved.catch((error: Error) => {
      this.#problem ??= error;
      stream.resume();
    });
    this.#files.push(saved);
  }

  async #save(index: number, stream: Readable, filename: string): Promise<Uploaded> {
    const { files, limits, mint } = this.#call.edge.deps;
    const id = mint();
    // What is refused is still read to its end (`#take`), so that the client hears the answer instead of a broken pipe.
    const content = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    const { name, size, picture } = await files.saveAttachment(
      this.#channelId,
      id,
      filename,
      content,
      limits.fileBytes,
    );
    const url = `${this.#call.origin}/cdn/attachments/${this.#channelId}/${id}/${encodeURIComponent(name)}`;
    const attachment: APIAttachment = {
      id,
      filename: name,
      size,
      url,
      proxy_url: url,
      content_type: contentType(name),
      ...(picture === null ? {} : { width: picture.width, height: picture.height }),
    };
    const uploaded = { index, attachment };
    this.#saved.push(uploaded);
    return uploaded;
  }
}

const unreadable = (): Refused => refused('invalidJson', { message: 'The multipart body could not be read.' });

function openParser(type: string, files: number, fieldSize: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { files, fields: 16, parts: files + 16, fieldSize, headerPairs: 32 },
    });
  } catch {
    throw unreadable();
  }
}
