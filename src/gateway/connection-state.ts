/** How far a socket's handshake is. */
export type ConnectionState =
  /** May identify or resume. */
  | 'open'
  /** A token is being checked, or a resume is under way. */
  | 'busy'
  /** Has a session. */
  | 'bound'
  | 'closed';
