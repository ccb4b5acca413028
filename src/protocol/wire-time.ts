/**
 * As Discord writes times: UTC with microseconds and an offset. Never `Z`: discord.py reads them with `datetime.fromisoformat` (utils.py parse_time),
 * which takes it only since Python 3.11. `ms`: since 1970.
 */
export function wireTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00');
}
