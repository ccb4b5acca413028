/** What a process wrote and synced, and in which order, as strace wrote it down. */

/** For `strace`: every call that writes or syncs, with what is behind each file number and enough of the text to find a message in it. */
export const writesTo = (file: string): readonly string[] => {
  const calls = 'write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,fsync,fdatasync';
  return ['strace', '-D', '-f', '-yy', '-s', '8192', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', file];
};

export interface Call {
  readonly name: string;
  /** What is behind its file number. */
  readonly target: string;
  readonly text: string;
  /** Lines at which it began, and was over; the same unless another thread was heard in between. */
  readonly from: number;
  readonly to: number;
}

const WHOLE = /^(\d+)\s+(\w+)\(\d+<(.*?)>(?:, |\)|\s)(.*)$/;
const RESUMED = /^(\d+)\s+<\.\.\. \w+ resumed>/;

/** All calls in the order in which they began. A call that failed, or was still going at the end, is none. */
export function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Omit<Call, 'to'>>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, resumedBy] = RESUMED.exec(line) ?? [];
    const [, thread = '', name = '', target = '', text = ''] = WHOLE.exec(line) ?? [];
    if (resumedBy !== undefined) {
      const call = open.get(resumedBy);
      open.delete(resumedBy);
      if (call !== undefined && !/ = -1 /.test(line)) calls.push({ ...call, text: call.text + line, to: at });
    } else if (name !== '') {
      const call = { name, target, text, from: at };
      if (line.includes('<unfinished ...>')) open.set(thread, call);
      else if (!/ = -1 /.test(line)) calls.push({ ...call, to: at });
    }
  }
  return calls.sort((a, b) => a.from - b.from);
}

const isLog = ({ target }: Call): boolean => target.endsWith('.db-wal');
const isSync = ({ name }: Call): boolean => name === 'fsync' || name === 'fdatasync';
const isSocket = ({ target }: Call): boolean => target.startsWith('TCP');

/**
 * What of this text left the process before it was on disk, in sentences; empty: nothing. It must have left as an answer over HTTP and as a frame of
 * the gateway.
 */
export function saidBeforeSynced(calls: readonly Call[], text: string): string[] {
  const written = calls.find((call) => isLog(call) && !isSync(call) && call.text.includes(text));
  if (written === undefined) return [`${text} was not written to the log`];
  const synced = calls.find((call) => isLog(call) && isSync(call) && call.from > written.to);
  if (synced === undefined) return [`${text} was not synced`];
  const said = calls.filter((call) => isSocket(call) && call.text.includes(text));
  const frames = said.filter((call) => call.text.includes('MESSAGE_CREATE'));
  const answers = said.filter((call) => !frames.includes(call));
  const early = (kind: string, sent: readonly Call[]): string[] => {
    if (sent.length === 0) return [`${text} left as no ${kind}`];
    return sent.some(({ from }) => from < synced.to) ? [`${text} left as ${kind} before it was synced`] : [];
  };
  return [...early('answer', answers), ...early('frame', frames)];
}
