/** Structured log lines on standard error, one JSON object each. Secrets are never given to it. */

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
let threshold: LogLevel = 'info';

/** Lines below this level are dropped; one setting per thread. */
export function setLogLevel(level: LogLevel): void {
  threshold = level;
}

export const log = {
  debug: (what: string, fields: LogFields = {}): void => write('debug', what, fields),
  info: (what: string, fields: LogFields = {}): void => write('info', what, fields),
  warn: (what: string, fields: LogFields = {}): void => write('warn', what, fields),
  error: (what: string, fields: LogFields = {}): void => write('error', what, fields),
};

function write(level: LogLevel, what: string, fields: LogFields): void {
  if (RANK[level] < RANK[threshold]) return;
  console.error(JSON.stringify({ level, what, ...fields }, plain));
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { message: value.message, stack: value.stack, cause: value.cause };
  return typeof value === 'bigint' ? value.toString() : value;
}
