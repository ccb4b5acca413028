/** What a command is, and what it may do to the world. */
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Config, OptionName } from '../config.ts';

/** The admin routes of the core: the same handlers whether a socket or this process brings the request. */
export type Handle = (request: Request) => Promise<Response>;

export interface Started {
  readonly port: number | null;
  /** `host:port` where the store is served over gRPC; null: nowhere. */
  readonly dataAddress: string | null;
}

export interface StartedData {
  /** `host:port`. */
  readonly address: string;
  readonly tokenFile: string;
}

/** From which store to which, and the file that says how far it is. */
export interface CopyRequest {
  readonly from: string;
  readonly to: string;
  readonly checkpoint: string;
}

export interface CopyProgress {
  readonly what: string;
  readonly rows: number;
  /** Roughly. */
  readonly of: number;
  /** A second. */
  readonly rate: number;
}

export interface Copied {
  readonly rows: number;
  readonly resumedAt: number;
  readonly compared: readonly {
    readonly table: string;
    readonly rows: readonly [source: number, target: number];
    readonly onlySource: readonly string[];
    readonly onlyTarget: readonly string[];
  }[];
}

/** Given by the entry point: commands themselves start nothing. */
export interface Powers {
  /**
   * Runs the server until it is told to stop; `started` is called when commands reach it, and ends the server when it rejects. With a seed its port is
   * open only after `open`.
   */
  readonly serve: (config: Config, started: (open: () => Promise<Started>) => Promise<void>) => Promise<void>;
  /** The same for the data service alone. */
  readonly serveData: (config: Config, started: (server: StartedData) => Promise<void>) => Promise<void>;
  /** Copies a store into another one and compares them. The config says how a cluster is reached. */
  readonly copy: (config: Config, request: CopyRequest, saw: (progress: CopyProgress) => void) => Promise<Copied>;
  /** Starts the core on the store, without a port and under the store's exclusive lock, for as long as `use` takes. */
  readonly withCore: <T>(config: Config, use: (handle: Handle) => Promise<T>) => Promise<T>;
  /** Resolves after so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
  /** All of standard input, as far as a command wants it. */
  readonly readInput: () => Promise<string>;
  readonly stdout: { write(text: string): unknown };
  /** Only a terminal is shown what is drawn again and again. */
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface Call {
  /** What stands behind the command's words. */
  readonly names: readonly string[];
  readonly flags: Flags;
  readonly config: Config;
  readonly powers: Powers;
  /** Prints one answer: with `--json` the value on one line, else the lines. */
  readonly print: (value: unknown, lines: readonly string[]) => void;
}

export interface Command {
  /** `bot add`. */
  readonly words: string;
  /** `NAME --guild GUILD`: the names it takes, all of them needed, then its own flags. */
  readonly usage: string;
  readonly about: string;
  /** Its own, besides `--data-dir` and `--json`. */
  readonly options: ParseArgsOptionsConfig;
  /** What its help says of an option that means less to it than to `serve`. */
  readonly says?: Readonly<Partial<Record<OptionName, string>>>;
  readonly run: (call: Call) => Promise<void>;
}

/** The call itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It could not be done: exit code 1. The message is the whole story. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** It was asked for and no answer came: it may have been done, may still be, or not. */
export class Unanswered extends CommandError {}

/** The value of a flag that the command cannot do without. */
export function needed(flags: Flags, name: string): string {
  const value = flags[name];
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name} is missing`);
  return value;
}
