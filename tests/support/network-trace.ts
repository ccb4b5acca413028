/** What a process did with the network, as strace wrote it down. */

/** For `strace`: `-D` keeps the traced process the one that was spawned. */
export const traceTo = (file: string): readonly string[] => {
  return ['strace', '-D', '-f', '-e', 'trace=network', '-e', 'signal=none', '-o', file];
};

const LOOPBACK = /inet_addr\("127\.\d+\.\d+\.\d+"\)|inet_pton\(AF_INET6, "::1"/;

/** Calls that reach out, or that listen elsewhere than on loopback. A call that was cut in two says its address in the first half. */
export function strangers(trace: string): string[] {
  return trace.split('\n').filter((line) => {
    if (!/\bsa_family=AF_INET6?\b/.test(line)) return false;
    if (/\b(connect|sendto|sendmsg|sendmmsg)\(/.test(line)) return true;
    return /\bbind\(/.test(line) && !LOOPBACK.test(line);
  });
}

/** Sockets that wait for clients. */
export const listeners = (trace: string): number => [...trace.matchAll(/\blisten\(/g)].length;
