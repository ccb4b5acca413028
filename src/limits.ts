/**
 * Every bound of the machinery, in one place. Rooms never import this file: the composition root hands each its own numbers.
 * What a guild or a user may hold and remember (roles, pins, commands, messages, writers in slow mode) stands in `guild/` and `user/`, which are pure;
 * how long the store keeps what it may forget, in `store/retention.ts`; what only the gateway knows, in `gateway/limits.ts`.
 * Names end in their unit: `Ms` milliseconds, `Bytes`; without one it is a count.
 */
import { assert } from './base/assert.ts';
import { JOURNAL_ROWS, REMEMBERED_MS } from './store/retention.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export const LIMITS = {
  // --- actors

  /** Commands that wait in one mailbox; one more is refused `overloaded`. */
  mailboxCommands: 4096,
  /** Commands in one mailbox from which on typing is shed there; ordinary ones at four times, messages at sixteen times as many (actor/overload.ts). */
  strainMailbox: 256,
  /** The same of the time that the first of them has waited. */
  strainWaitMs: 250,
  /** So long a strain must be over before the next kind of work is taken on again. */
  calmMs: SECOND,
  /** All that waits in one mailbox, attach and forget (bounded by their sessions) included. */
  mailboxOwed: 65_536,
  /** Actors of one worker in memory; a load beyond is refused `overloaded`. */
  actors: 100_000,
  /** Reads that wait for one actor: to load, or for its batch at the store. */
  waitingReads: 4096,
  /** Results of commands that one actor remembers itself; the store keeps them for ten minutes (store/retention.ts). */
  recentResults: 1024,
  /** Rows of one load, after which the actor is loaded again: below what a row number can hold (2^24), by more than a batch. */
  rowsPerEpoch: 2 ** 24 - 2 ** 20,
  /** Commands decided in one batch: one savepoint, one answer from the store. */
  batchCommands: 256,
  /** Writes after which a batch ends, so that one savepoint never holds the store for long. */
  batchWrites: 2048,
  /** Actors that load at once on one worker; further loads wait for a place. */
  actorLoads: 64,
  /** An actor without commands, reads and interested sessions leaves memory after this. */
  actorIdleMs: 5 * MINUTE,
  /** Deaths within `deathWindowMs` after which an actor is quarantined. */
  actorDeaths: 3,
  deathWindowMs: MINUTE,
  /** How long a quarantined actor refuses before it is loaded again. */
  quarantineMs: MINUTE,
  /** First pause before an actor that died is loaded again; doubles up to `reloadMaxMs`. */
  reloadMinMs: 50,
  reloadMaxMs: 5 * SECOND,
  /** So long an owner that was loaded again waits for the workers whose sessions knew it before; then it answers those who are there. */
  takeOverMs: SECOND,
  /** For so long after its start a worker in the place of a dead one takes its loads for such: sessions elsewhere ask for theirs at once. */
  youngMs: 10 * SECOND,
  /** Recent rows an owner keeps whole for those who attach with `since`. */
  ringRows: 4096,
  ringBytes: 8 * MIB,
  /** Rows of the journal, without bodies, that the owner after tells again: all that the store keeps. */
  journalRows: JOURNAL_ROWS,
  /** Users whom one visibility row may name in the journal; beyond, nobody can go on across that row. */
  journalUsers: 1000,
  /** Owners with something to tell that a new worker reads at once. */
  tellersPage: 500,
  /** Durable tells not yet confirmed per teller; beyond, its commands are refused `overloaded`. */
  unconfirmedTells: 10_000,
  /** First pause before an unconfirmed tell is told again; doubles up to `retellMaxMs`. */
  retellMinMs: SECOND,
  retellMaxMs: MINUTE,

  // --- asks and links

  /** An ask or a read ends then at the latest. */
  askMs: 10 * SECOND,
  /** Asks of one worker that wait for the same owner; ordinary ones may fill half of it. One more fails at once. */
  ownerCalls: 1024,
  /** Questions of one worker that wait for the same owner: all that open one channel at once may ask whether they may read it. */
  ownerReads: 8192,
  /** Asks of one worker that wait for an answer. */
  asksInFlight: 20_000,
  /** Messages that wait on one link; one more is refused, and leaves a mark if it was an entry. */
  linkEntries: 65_536,
  linkBytes: 64 * MIB,

  // --- workers

  /** A beat of each worker to main. */
  beatMs: SECOND,
  /** Beats missed after which new asks to a worker are refused. */
  beatsMissed: 2,
  /** A worker silent for this long is terminated. */
  silentMs: 10 * SECOND,
  /** First pause before a dead worker is started again; doubles up to `restartMaxMs`. */
  restartMinMs: 100,
  restartMaxMs: 10 * SECOND,
  /** From the signal to the end: links and store drain, then the process goes. */
  stopMs: 15 * SECOND,
  /** A signal that comes so soon after the first one is the same wish to stop; a later one ends the process at once. */
  sameWishMs: 2 * SECOND,
  /** Workers of one installation: ten bits of every id. */
  workers: 256,

  /** A worker looks at its heap so often (base/heap-watch.ts says what it does then). */
  heapLookMs: 2 * SECOND,
  /** Growth of the heap that a quiet worker collects. */
  garbageBytes: 4 * MIB,
  /** Growth from look to look up to which a worker is quiet. */
  quietBytes: MIB,
  /** Looks after which a quiet worker collects in any case, ever more if it was in vain: a minute to ten minutes. */
  looksMin: 30,
  looksMax: 300,

  /** Lateness of a worker's loop, three looks in a row, from which on it sheds typing; presence at twice, ordinary work at four, messages at sixteen times it. */
  strainLagMs: 100,
  /** The same of the batches of a worker that wait at the store. */
  strainBatches: 256,
  /** A worker that has not said its numbers by then is shown as down. */
  measureMs: SECOND,
  /** An event of /health that has not come out by then is lost. */
  probeEventMs: 3 * SECOND,
  /** How much longer another worker has to say how its own event went. */
  probeAnswerMs: SECOND / 2,
  /** How long an answer of /health is given again. */
  healthKeepMs: SECOND,

  // --- the worker's log and the outlet

  /** Sessions on one worker, detached ones included; one more identify is answered with op 9. */
  sessions: 15_000,
  /** Sessions of one user on one worker. */
  sessionsPerUser: 100,
  /** The log of a worker, in total. */
  logBytes: 128 * MIB,
  logEntries: 500_000,
  /** Of one owner's entries in the log: 20 MB on the wire are up to twice that in memory. */
  logOwnerBytes: 48 * MIB,
  /** Age at which an entry leaves the log; above the time a detached session may live. */
  logAgeMs: 3 * MINUTE,
  /** How long a session outlives its socket. */
  detachedMs: 2 * MINUTE,
  /** How long a detached session still counts as online for others. */
  offlineMs: 10 * SECOND,
  /** Shared streams number their log in 31 bits (wire-rules.md rule 3); near this the counter starts anew. */
  logPosition: 2 ** 31 - 2 ** 20,
  /** Numbers of an own stream that are remembered until the client confirms them. */
  unconfirmedNumbers: 100_000,
  /** Outlet entries that wait for a flush, and their text; beyond they are flushed in the turn they come in. */
  outletEntries: 100_000,
  outletBytes: 64 * MIB,
  /** How long entries may gather under load. */
  flushMs: 25,
  /** What one flush may hold for one socket. */
  flushBytes: MIB,

  // --- sockets

  /** Bun cuts a socket that buffers more, without a close frame. */
  backpressureBytes: 4 * MIB,
  /** Nothing is written to a socket that still buffers more than this: it goes on by the cursor at `drain`. */
  writableBytes: MIB,
  /** A client frame beyond this is closed with 4002 (Discord's documented size). */
  frameBytes: 4096,
  /** The same of people: their clients say op 37 in pieces of 15 KiB. */
  personFrameBytes: 16 * KIB,
  /** What the socket takes at all: above both, so that the 4002 can be said. */
  frameHardBytes: 64 * KIB,
  /** Client frames in `frameWindowMs`; one more is closed with 4008. */
  frames: 120,
  frameWindowMs: MINUTE,
  /** Presence updates (op 3) in `presenceWindowMs`; further ones are gathered into the last. */
  presences: 5,
  presenceWindowMs: 20 * SECOND,
  /** Member requests (op 8) of one session that wait for their chunks. */
  memberRequests: 32,
  /** HELLO's interval; Discord's own value (wire-rules.md rule 15). */
  heartbeatMs: 41_250,
  /** A socket that said nothing for this long is a zombie: at least twice the interval. */
  zombieMs: 90 * SECOND,
  /** A socket that neither identifies nor resumes. */
  identifyMs: 45 * SECOND,
  /** Sockets of one worker that have not identified yet. */
  strangers: 5000,
  /** Handshakes under way at once on one worker, until READY or for `identifyHoldMs`; others wait. */
  identifies: 128,
  identifyHoldMs: SECOND,
  /** Handshakes that wait, and how long: then an identify gets op 9 and comes again. Libraries wait 15 s for READY. */
  identifiesWaiting: 4096,
  identifyWaitMs: 5 * SECOND,
  /** Sessions that one bot may start in `botStartsMs`; libraries are told it as max_concurrency: fleets start at once. */
  botStarts: 64,
  botStartsMs: 5 * SECOND,
  /** The same in a day, as long as the worker lives where they are counted; libraries are told it, and what remains of it. */
  botStartsTotal: 100_000,
  botStartsTotalMs: 24 * 60 * MINUTE,
  /** Before that op 9: some identify again at once, so the pause that the protocol asks of them is made here. */
  turnAwayMinMs: SECOND,
  turnAwayMaxMs: 5 * SECOND,
  /** READY of a person waits this long for every guild's answer. */
  readyMs: 2 * SECOND,
  /** Guilds of one session: a bot in more must shard (4011), a person sees the first of them. */
  sessionGuilds: 2500,

  // --- rest

  /** A JSON body. */
  bodyBytes: MIB,
  /** From the head of a request to the end of its JSON body: a picture over a slow line. */
  bodyMs: 2 * MINUTE,
  /** A request with files, all together. */
  multipartBytes: 110 * MIB,
  /** The same for a request with files: 1 Mbit/s. */
  uploadMs: 15 * MINUTE,
  /** One file. */
  fileBytes: 25 * MIB,
  /** Files of one message. */
  files: 10,
  /** Uploads that stream at once on one worker. */
  uploads: 32,
  /** All files of the installation on disk; then uploads are refused 507. */
  uploadQuotaBytes: 20 * GIB,
  /** A request that sends nothing for this long is closed; on Bun also one that sends less than 16 KiB a second. */
  requestIdleMs: 30 * SECOND,
  /** Requests in hand on one worker; further ones are refused 503. */
  requests: 10_000,
  /** When a request that was shed may come again: a random time between. */
  shedMinMs: SECOND,
  shedMaxMs: 5 * SECOND,
  /** Rate buckets one owner remembers. */
  buckets: 50_000,
  /** Requests a second of one token over all routes. */
  globalRequests: 500,
  /** Requests a second of one address without a token (register, log in, a wrong token). */
  strangerRequests: 50,
  /** Logins in `loginWindowMs` for one account name from one address, and from all of them. */
  logins: 10,
  loginsOfName: 100,
  loginWindowMs: MINUTE,
  /** Registrations in `registrationWindowMs` from one address, those that come to nothing included: each may cost a hash. */
  registrations: 100,
  registrationWindowMs: 60 * MINUTE,

  // --- caches of a worker

  /** Tokens whose account is known. */
  tokenCache: 20_000,
  /** Channels whose owner is known. */
  channelCache: 200_000,
  /** Reads of messages that one worker has asked owners for at once, and of them those of one channel. */
  flights: 512,
  flightsPerChannel: 64,
  /** Reads that wait for their turn on one worker, and of them those of one channel; one more is refused `overloaded`. */
  flightsWaiting: 20_000,
  flightsWaitingPerChannel: 10_000,
  /** Of the reads that are asked of one worker, those it makes at once, and of them those of one channel: a hot channel leaves room for the others. */
  queries: 64,
  queriesPerChannel: 8,
  /** Single messages of one channel, or users, that one query asks for; and such queries of one channel at once. */
  gatheredKeys: 100,
  gatheredQueries: 2,
  /** A read that is shared ends then at the latest, the wait for its turn included. */
  flightMs: 8 * SECOND,
  /** A read of the store ends then at the latest. */
  readMs: 5 * SECOND,
  /** A read that a node of a cluster has not answered by then is asked of another one, too, unless --speculative-reads says otherwise. */
  nodeReadMs: 2 * SECOND,
  /** Reads of one worker at the store at once, and those that wait for a place. */
  readsAtStore: 256,
  readsWaiting: 4096,
  /** How often a read that failed at once is asked in all, and the first pause in between, which doubles. */
  readAttempts: 3,
  readRetryMs: 20,
  /** A read without an answer by then is a bad sign: enough of them, and reads are refused before they reach the store. */
  readSlowMs: SECOND,
  /** What the circuit to the store remembers, how many reads must have ended in that time, and the percentage of bad ones that opens it. */
  circuitWindowMs: 10 * SECOND,
  circuitLeast: 20,
  circuitBadPercent: 50,
  /** First pause of an open circuit; doubles up to `circuitOpenMaxMs`. */
  circuitOpenMs: SECOND,
  circuitOpenMaxMs: 5 * SECOND,
  /** Reads on trial at once after the pause; as many good ones close it. */
  circuitTrials: 3,

  // --- store

  /** Batches that wait for the writer; one more is refused `overloaded`. */
  batchesWaiting: 4096,
  /** Batches joined into one transaction. */
  batchesPerCommit: 1024,
  /** A commit that takes longer is a fault for those who wait; the fence decides what became of it. */
  commitMs: 8 * SECOND,
  /** The writer gave no sign for so long: the store is `stuck` until it does. */
  stuckMs: 2 * SECOND,
  /** Reader threads. */
  readers: 2,
  /** Size at which the writer waits for readers, so that the write-ahead log starts anew; it is copied long before. */
  walBytes: 64 * MIB,
  /** Between probe writes while the store is full or broken. */
  probeMs: SECOND,

  // --- data service

  /** Calls of one client, and of the whole service, under way. */
  dataCalls: 20_000,
  /** One request, one answer: a large batch, a large guild. */
  dataRequestBytes: 64 * MIB,
  dataAnswerBytes: 256 * MIB,
  /** Histories that stream at once, and clients that are told the state. */
  dataStreams: 1024,
  /** Without a word of the service for so long its store counts as stuck; it says one each second. */
  dataSilentMs: 3 * SECOND,
  /** How long a server waits for the first word at its start. */
  dataConnectMs: 5 * SECOND,

  // --- accounts

  /** Passwords hashed at once on one worker: each takes a thread and 16 MiB. */
  passwordHashes: 2,
  /** Passwords that wait to be hashed; one more is refused `overloaded`. */
  passwordWaiting: 256,

  // --- command line

  /** A command waits so long for a data directory that another one holds, which is less long; a data service holds it as long as it runs. */
  heldMs: 8 * SECOND,
  /** Between two looks at it. */
  heldPauseMs: 100,
} as const;

export type Limits = { readonly [K in keyof typeof LIMITS]: number };

/** The relations the numbers rely on; run at import, so that a bad edit never starts. */
export function checkLimits(l: Limits): void {
  for (const [name, value] of Object.entries(l)) {
    assert(Number.isSafeInteger(value) && value > 0, `limit ${name} is a positive integer`);
  }
  assert(l.batchCommands <= l.mailboxCommands, 'a batch fits the mailbox');
  assert(l.rowsPerEpoch + 2 ** 20 <= 2 ** 24, 'the last batch of a load fits the numbers of its epoch');
  assert(l.commitMs < l.askMs && l.readMs < l.askMs, 'the store answers or fails before the ask ends');
  assert(l.ownerCalls <= l.mailboxCommands, 'the calls of one worker fit a mailbox');
  assert(
    l.ownerReads < l.requests && l.ownerReads < l.asksInFlight,
    'the questions to one owner leave room for others',
  );
  assert(
    l.strainMailbox * 16 <= l.mailboxCommands && l.strainBatches * 16 <= l.batchesWaiting,
    'full is the last strain',
  );
  assert(l.strainWaitMs * 16 < l.askMs / 2, 'a message is refused when it would wait past its deadline');
  assert(l.identifyWaitMs + l.turnAwayMaxMs < 15 * SECOND, 'who is turned away has not given up before');
  assert(l.stuckMs < l.commitMs, 'a store that hangs is known before a commit fails');
  assert(l.reloadMaxMs < l.askMs, 'an ask outlives a reload');
  assert(l.sameWishMs < l.stopMs, 'who does not want to wait for the end can say so');
  assert(l.silentMs >= 3 * l.beatMs, 'a worker may miss two beats');
  assert(l.writableBytes * 4 <= l.backpressureBytes, 'a socket is left alone at a quarter of what cuts it');
  assert(l.flushBytes <= l.writableBytes, 'one flush never fills a socket that was writable');
  assert(l.writableBytes + l.flushBytes < l.backpressureBytes, 'a flush to a writable socket never cuts it');
  assert(
    Math.max(l.frameBytes, l.personFrameBytes) < l.frameHardBytes,
    'a frame that is too long is answered with a close code',
  );
  assert(l.zombieMs >= 2 * l.heartbeatMs, 'a client may miss one heartbeat');
  assert(l.heartbeatMs >= 2000, 'discordeno spins below a second (wire-rules.md rule 15)');
  assert(l.offlineMs < l.detachedMs, 'a session is gone for others before it is gone');
  assert(l.detachedMs < l.logAgeMs, 'the log outlives detached sessions');
  assert(l.logOwnerBytes <= l.logBytes, "an owner's part of the log is a part");
  assert(l.logPosition < 2 ** 31, 'numbers of a stream fit 31 bits');
  assert(l.fileBytes <= l.multipartBytes, 'a file fits a request');
  assert(l.multipartBytes <= l.uploadQuotaBytes, 'a request fits the quota');
  assert(l.batchesPerCommit <= l.batchesWaiting, 'a commit takes from what waits');
  assert(REMEMBERED_MS > l.askMs, 'an ask that is repeated finds its result');
  assert(l.dataSilentMs < l.commitMs, 'a data service that is gone is known before a commit fails');
  assert(l.readSlowMs < l.readMs, 'a slow read is known before it fails');
  assert(l.nodeReadMs * 2 < l.readMs, 'a node that hangs leaves a read the time for another one');
  assert(l.circuitOpenMs <= l.circuitOpenMaxMs, 'pauses grow');
  assert(l.circuitBadPercent <= 100 && l.circuitTrials <= l.readsAtStore, 'the circuit can open, and close again');
  assert(l.flightsPerChannel <= l.flights, "a channel's part of the reads is a part");
  assert(
    l.queriesPerChannel < l.queries && l.gatheredKeys <= l.flights,
    'one channel leaves room for others to be read',
  );
  assert(l.flightsWaitingPerChannel < l.flightsWaiting, 'one channel leaves room for others to wait');
  assert(
    l.readMs < l.flightMs && l.flightMs < l.askMs,
    'a read that is shared outlives its query and ends before its askers',
  );
  assert(l.flushBytes <= l.outletBytes, 'a flush takes from what waits');
  assert(l.reloadMinMs <= l.reloadMaxMs && l.retellMinMs <= l.retellMaxMs, 'pauses grow');
  assert(l.restartMinMs <= l.restartMaxMs, 'pauses grow');
  assert(l.logins < l.loginsOfName, 'one address locks no name for the others');
  assert(l.heldPauseMs < l.heldMs, 'who waits looks more than once');
  assert(l.workers <= 512, 'worker numbers fit ten bits of an id, and a dead worker leaves its own unused for a while');
}

checkLimits(LIMITS);
