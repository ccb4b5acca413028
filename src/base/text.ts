/** What a text weighs. Its length counts characters, which is neither what a line carries nor what memory holds. */

/** As UTF-8. */
export const wireBytes = (text: string): number => Buffer.byteLength(text);

/** In memory, at most: a byte for each character of plain ASCII, two for each of any other text. */
export const heldBytes = (text: string): number =>
  Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
