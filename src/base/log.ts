/**
 * Structured log lines on standard error, one JSON object each, written by pino in the thread that logs. A line is written at once;
 * one that standard error does not take (a full pipe that nobody reads) is dropped and counted, so that a log never holds the loop.
 */
import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  debug(what: string, fields?: LogFields): void;
  info(what: string, fields?: LogFields): void;
  warn(what: string, fields?: LogFields): void;
  error(what: string, fields?: LogFields): void;
}

/** Values below these keys are never written, at any depth. */
const SECRET_KEY = /token|password|secret|authorization|cookie/i;
/** Three parts of base64url, as every token is written, wherever it stands in a text. */
const SECRET_TEXT = /[\w-]{8,40}\.[\w-]{6,12}\.[\w-]{20,100}/g;
const HIDDEN = '[secret]';
/** Of one line: nesting, entries of one list or object, characters of one text. */
const DEPTH = 6;
const ENTRIES = 50;
const CHARACTERS = 8192;

/** Lines that standard error has not taken; one number per thread. */
let dropped = 0;
export const droppedLines = (): number => dropped;

/** A log of its own; `write` takes whole lines. */
export function openLog(write: (line: string) => void, level: LogLevel = 'info'): Log & { level: LogLevel } {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'what',
      formatters: { level: (label) => ({ level: label }), log: (fields) => plain(fields, 0) as LogFields },
    },
    { write },
  );
  return {
    debug: (what, fields = {}) => logger.debug(fields, hide(what)),
    info: (what, fields = {}) => logger.info(fields, hide(what)),
    warn: (what, fields = {}) => logger.warn(fields, hide(what)),
    error: (what, fields = {}) => logger.error(fields, hide(what)),
    get level() {
      return logger.level as LogLevel;
    },
    set level(next: LogLevel) {
      (logger as Logger).level = next;
    },
  };
}

const own = openLog((line) => {
  try {
    writeSync(2, line);
  } catch {
    dropped += 1;
  }
});

export const log: Log = own;

/** Lines below this level are dropped; one setting per thread. */
export function setLogLevel(level: LogLevel): void {
  own.level = level;
}

const hide = (text: string): string => text.slice(0, CHARACTERS).replace(SECRET_TEXT, HIDDEN);

/** What can be written: bounded, without secrets, errors with their causes. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return hide(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH) return '[deep]';
  if (value instanceof Error) return plainError(value, depth);
  if (Array.isArray(value)) return value.slice(0, ENTRIES).map((one) => plain(one, depth + 1));
  const entries = Object.entries(value).slice(0, ENTRIES);
  return Object.fromEntries(entries.map(([key, one]) => [key, SECRET_KEY.test(key) ? HIDDEN : plain(one, depth + 1)]));
}

function plainError({ name, message, stack, cause, ...more }: Error, depth: number): unknown {
  return plain({ name, message, stack, ...(cause === undefined ? {} : { cause }), ...more }, depth);
}
