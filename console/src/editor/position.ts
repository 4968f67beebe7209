// Where an error stands: the server counts bytes of UTF-8, an editor counts UTF-16 units. Pure.

export function indexOfByte(text: string, byte: number): number {
  let left = byte;
  let index = 0;
  for (const character of text) {
    if (left <= 0) break;
    const code = character.codePointAt(0)!;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += character.length;
  }
  return index;
}

// The word at the error, or the last character where it is the end of the text.
export function errorSpan(text: string, byte: number): { from: number; to: number } | null {
  if (text.length === 0) return null;
  const from = Math.min(indexOfByte(text, byte), text.length - 1);
  const word = /^[\w.:$]+/.exec(text.slice(from))?.[0] ?? '';
  return { from, to: from + Math.max(1, word.length) };
}
