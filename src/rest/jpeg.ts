/** Marks that have nothing behind them: TEM, RST0 to RST7. */
const isBare = (mark: number): boolean => mark === 0x01 || (mark >= 0xd0 && mark <= 0xd7);
/** SOF0 to SOF15, without DHT, JPG and DAC in between. */
const isFrame = (mark: number): boolean => mark >= 0xc0 && mark <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(mark);

/** The size of a JPEG from its first bytes; null: they do not say. It goes from segment to segment, so whatever was sent costs no more than its length. */
export function jpegSize(head: Uint8Array): { readonly width: number; readonly height: number } | null {
  const word = (at: number): number => ((head[at] ?? 0) << 8) | (head[at + 1] ?? 0);
  for (let at = 2; at + 9 <= head.length; ) {
    const mark = head[at + 1] ?? 0;
    if (head[at] !== 0xff) return null;
    if (isFrame(mark)) return { height: word(at + 5), width: word(at + 7) };
    // Any number of these may stand in front of a mark.
    if (mark === 0xff) at += 1;
    else if (isBare(mark)) at += 2;
    else {
      const length = word(at + 2);
      if (length < 2) return null;
      at += 2 + length;
    }
  }
  return null;
}
