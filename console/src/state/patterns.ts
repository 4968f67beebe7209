// How the events of a pattern are found: by what stands between its variables. Pure.
import type { Filter } from './url';

const VARIABLE = '<*>';
const PIECES_MAX = 3;

const piecesOf = (pattern: string): string[] => [...new Set(
  pattern.split(VARIABLE).map((one) => one.trim()).filter((one) => /[\p{L}\p{N}]/u.test(one)),
)];

// The fewest pieces that no other pattern has together: of JSON messages the longest one is often
// a name that all of them have. The longest where none tells them apart; none where there is no piece.
export function tellingPieces(pattern: string, others: string[]): string[] {
  const chosen: string[] = [];
  let left = others.filter((one) => one !== pattern);
  let pieces = piecesOf(pattern);
  while (pieces.length > 0 && chosen.length < PIECES_MAX && (left.length > 0 || chosen.length === 0)) {
    const shared = (piece: string) => left.filter((one) => one.includes(piece)).length;
    const best = pieces.reduce((a, b) => {
      const [more, less] = [shared(a), shared(b)];
      return less < more || (less === more && b.length > a.length) ? b : a;
    });
    const next = left.filter((one) => one.includes(best));
    if (chosen.length > 0 && next.length === left.length) break;
    chosen.push(best);
    left = next;
    pieces = pieces.filter((one) => one !== best);
  }
  return chosen;
}

export const patternFilters = (pattern: string, others: string[]): Filter[] => (
  tellingPieces(pattern, others).map((value) => ({ key: 'text', op: '~', value }))
);
