/**
 * How alike two texts are, from 0 to 1: `quick_ratio` of Python's difflib. It counts the characters that they have in
 * common, wherever these stand: twice their number over the length of both.
 */
export function quickRatio(left: readonly string[], right: readonly string[]): number {
  const length = left.length + right.length;
  if (length === 0) return 1;
  const available = new Map<string, number>();
  for (const character of right) available.set(character, (available.get(character) ?? 0) + 1);
  let matches = 0;
  for (const character of left) {
    const rest = available.get(character) ?? 0;
    if (rest > 0) matches++;
    available.set(character, rest - 1);
  }
  return (2 * matches) / length;
}
