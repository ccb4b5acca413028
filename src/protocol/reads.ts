/** What owners say to questions that lead to reads of the store. */

/** To `mayRead`. */
export interface MayRead {
  /** Names the state of the channel's messages: reads with the same one may be shared. Null: nothing was written yet. */
  readonly generation: string | null;
  /** His permissions in the channel, decimal. */
  readonly permissions: string;
}
