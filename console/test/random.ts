// Random values for property tests. The seed is printed with a failure and taken back from
// KANSOKU_SEED, so that a failure can be repeated.
export interface Random {
  int: (min: number, max: number) => number;
  pick: <T>(all: readonly T[]) => T;
  text: (max: number) => string;
}

const LETTERS = ['a', 'Z', '0', '-', '_', '/', ':', '=', '&', '?', '#', '%', '+', ' ', '"', '\\', '.', '漢', 'é', '😀'];

export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const pick = <T,>(all: readonly T[]): T => all[int(0, all.length - 1)]!;
  return {
    int, pick,
    text: (max) => Array.from({ length: int(0, max) }, () => pick(LETTERS)).join(''),
  };
}

export function property(rounds: number, check: (r: Random) => void): void {
  const seed = Number(process.env['KANSOKU_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  for (let round = 0; round < rounds; round += 1) {
    try {
      check(random(seed + round));
    } catch (error) {
      throw new Error(`KANSOKU_SEED=${seed + round} repeats this`, { cause: error });
    }
  }
}
