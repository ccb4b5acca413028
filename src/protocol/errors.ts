/**
 * The one table of refusals: Discord's JSON error codes (docs/topics/opcodes-and-status-codes), HTTP status and sentence.
 * A refusal is a value; it is never thrown inside the core. 401 only for a bad token (wire-rules.md rule 14).
 */

export const REFUSALS = {
  generalError: [0, 400, '400: Bad Request'],
  unauthorized: [0, 401, '401: Unauthorized'],
  notFound: [0, 404, '404: Not Found'],
  methodNotAllowed: [0, 405, '405: Method Not Allowed'],
  tooSlow: [0, 408, '408: Request Timeout'],
  conflict: [0, 409, '409: Conflict'],
  payloadTooLarge: [40005, 413, 'Request entity too large'],
  rateLimited: [0, 429, 'You are being rate limited.'],
  internal: [0, 500, '500: Internal Server Error'],
  /** Not begun: there is too much to do. Libraries wait and come again after a 429; after a 503 they give up, or ask again at once. */
  shed: [0, 429, 'This server has too much to do. Try again later.'],
  overloaded: [0, 503, '503: Service Unavailable'],
  storeFull: [0, 507, 'The store of this server is full'],
  storeBroken: [0, 503, 'The store of this server is out of order'],
  storeStuck: [0, 503, 'The store of this server does not answer'],
  unknownAccount: [10001, 404, 'Unknown account'],
  unknownApplication: [10002, 404, 'Unknown application'],
  unknownChannel: [10003, 404, 'Unknown Channel'],
  unknownGuild: [10004, 404, 'Unknown Guild'],
  unknownInvite: [10006, 404, 'Unknown Invite'],
  unknownMember: [10007, 404, 'Unknown Member'],
  unknownMessage: [10008, 404, 'Unknown Message'],
  unknownOverwrite: [10009, 404, 'Unknown permission overwrite'],
  unknownRole: [10011, 404, 'Unknown Role'],
  unknownToken: [10012, 404, 'Unknown token'],
  unknownUser: [10013, 404, 'Unknown User'],
  unknownEmoji: [10014, 404, 'Unknown Emoji'],
  unknownSession: [10020, 404, 'Unknown session'],
  unknownBan: [10026, 404, 'Unknown Ban'],
  unknownCommand: [10063, 404, 'Unknown application command'],
  unknownVoiceState: [10065, 404, 'Unknown Voice State'],
  botsForbidden: [20001, 403, 'Bots cannot use this endpoint'],
  botsOnly: [20002, 403, 'Only bots can use this endpoint'],
  slowMode: [20016, 429, 'This action cannot be performed due to slowmode rate limit'],
  ownerOnly: [20018, 403, 'Only the owner of this account can perform this action'],
  maxGuilds: [30001, 400, 'Maximum number of guilds reached (100)'],
  maxPins: [30003, 400, 'Maximum number of pins reached for the channel (50)'],
  maxRoles: [30005, 400, 'Maximum number of guild roles reached (250)'],
  maxReactions: [30010, 400, 'Maximum number of reactions reached (20)'],
  maxChannels: [30013, 400, 'Maximum number of guild channels reached (500)'],
  maxInvites: [30016, 400, 'Maximum number of invites reached (1000)'],
  maxMembers: [30019, 400, 'Maximum number of members reached'],
  maxBans: [30035, 400, 'Maximum number of bans for non-guild members have been exceeded'],
  maxCommands: [30032, 400, 'Maximum number of application commands reached (100)'],
  nameTaken: [40001, 409, 'This name is taken'],
  notInVoice: [40032, 400, 'Target user is not connected to voice.'],
  userBanned: [40007, 403, 'The user is banned from this guild'],
  missingAccess: [50001, 403, 'Missing Access'],
  invalidAccountType: [50002, 403, 'Invalid account type'],
  notInDm: [50003, 403, 'Cannot execute action on a DM channel'],
  cannotEditOther: [50005, 403, 'Cannot edit a message authored by another user'],
  emptyMessage: [50006, 400, 'Cannot send an empty message'],
  cannotSendToUser: [50007, 403, 'Cannot send messages to this user'],
  cannotSendInVoice: [50008, 403, 'Cannot send messages in a non-text channel'],
  missingPermissions: [50013, 403, 'You lack permissions to perform that action'],
  invalidToken: [50014, 401, 'Invalid authentication token provided'],
  bulkDeleteCount: [
    50016,
    400,
    'Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete',
  ],
  wrongChannelPin: [50019, 400, 'A message can only be pinned to the channel it was sent in'],
  systemMessage: [50021, 403, 'Cannot execute action on a system message'],
  wrongChannelType: [50024, 400, 'Cannot execute action on this channel type'],
  invalidAccessToken: [50025, 403, 'Invalid OAuth2 access token'],
  invalidRole: [50028, 400, 'Invalid Role'],
  invalidRecipients: [50033, 400, 'Invalid Recipient(s)'],
  tooOldToBulkDelete: [50034, 400, 'A message provided was too old to bulk delete'],
  invalidForm: [50035, 400, 'Invalid Form Body'],
  inviteNotAccepted: [50036, 400, "An invite was accepted to a guild the application's bot is not in"],
  invalidFile: [50046, 400, 'Invalid file uploaded'],
  invalidJson: [50109, 400, 'The request body contains invalid JSON.'],
  selfAction: [50083, 400, 'Cannot perform this action on yourself'],
  unknownReply: [50035, 400, 'Invalid Form Body'],
  invalidLogin: [50035, 400, 'Invalid Form Body'],
  reactionBlocked: [90001, 403, 'Reaction was blocked'],
} as const satisfies Record<string, readonly [code: number, status: number, sentence: string]>;

export type RefusalName = keyof typeof REFUSALS;

/** One leaf of Discord's error tree: path in the body, machine code, sentence. */
export interface FieldError {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
}

export interface Refusal {
  readonly refused: RefusalName;
  /** For `invalidForm` and its likes: the leaves of the 50035 tree. */
  readonly fields?: readonly FieldError[];
  /** Seconds until it may be tried again (slow mode, rate limit). */
  readonly retryAfter?: number;
  /** Replaces the table's sentence. */
  readonly message?: string;
}

export const refuse = (refused: RefusalName, more: Omit<Refusal, 'refused'> = {}): Refusal => ({ refused, ...more });

export const refuseField = (path: readonly (string | number)[], code: string, message: string): Refusal =>
  refuse('invalidForm', { fields: [{ path, code, message }] });

export const FAULT_CODES = [
  ...(['timeout', 'unavailable', 'overloaded', 'lost', 'fenced'] as const),
  ...(['full', 'broken', 'stuck', 'shed', 'quarantined'] as const),
] as const;

/** The world failed: an adapter, a link, a worker. Knows whether the same call may be made again. */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** When it may be better; null: not known. */
  readonly retryAfterMs: number | null;
  constructor(
    readonly code: (typeof FAULT_CODES)[number],
    readonly retryable: boolean,
    message: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(`${code}: ${message}`, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Another process, or another part of this one, has the data directory. */
export class DirectoryHeld extends Error {
  override readonly name = 'DirectoryHeld';
  constructor(
    readonly dir: string,
    options: ErrorOptions,
  ) {
    super(
      `The data directory ${dir} is in use by another Guildhall, a server or a command. Stop it, or give this one its own --data-dir.`,
      options,
    );
  }
}
