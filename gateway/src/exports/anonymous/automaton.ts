/**
 * Finds many texts in one pass (Aho, Corasick 1975: Efficient String Matching), over text that arrives in pieces. The
 * trie is stored in arrays of numbers, with children as linked lists of siblings, because objects would take many times
 * the memory.
 */

/** A state; 0 is the root. */
type State = number;

type Automaton = {
  /** The state after one more UTF-16 code unit. */
  next(state: State, unit: number): State;
  /** The lengths of the texts that end here, the longest first. */
  endings(state: State): Generator<number>;
};

type Trie = {
  readonly units: Uint16Array;
  readonly depths: Uint16Array;
  readonly firstChild: Int32Array;
  readonly sibling: Int32Array;
  readonly isEnd: Uint8Array;
};

const UNITS = 0x1_0000;

/** `texts` must not contain an empty text. */
export function createAutomaton(texts: Iterable<string>): Automaton {
  const trie = plantTrie([...new Set(texts)].sort(byUnits));
  const fromRoot = new Int32Array(UNITS);
  for (let child = trie.firstChild[0]!; child !== 0; child = trie.sibling[child]!)
    fromRoot[trie.units[child]!] = child;
  const childOf = (state: State, unit: number): State => {
    if (state === 0) return fromRoot[unit]!;
    let child = trie.firstChild[state]!;
    while (child !== 0 && trie.units[child] !== unit) child = trie.sibling[child]!;
    return child;
  };
  const { fails, shorter } = linkTrie(trie, childOf);
  return {
    next(state, unit) {
      for (let at = state; ; at = fails[at]!) {
        const child = childOf(at, unit);
        if (child !== 0 || at === 0) return child;
      }
    },
    *endings(state) {
      const first = trie.isEnd[state] === 1 ? state : shorter[state]!;
      for (let at = first; at !== 0; at = shorter[at]!) yield trie.depths[at]!;
    },
  };
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : 1);

function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}

/** `sorted` has no duplicates. Neighbours share their beginnings, so the size is known in advance. */
function plantTrie(sorted: readonly string[]): Trie {
  const shared = sorted.map((text, index) => (index === 0 ? 0 : sharedLength(sorted[index - 1]!, text)));
  const size = sorted.reduce((sum, { length }, index) => sum + length - shared[index]!, 1);
  const trie: Trie = {
    units: new Uint16Array(size),
    depths: new Uint16Array(size),
    firstChild: new Int32Array(size),
    sibling: new Int32Array(size),
    isEnd: new Uint8Array(size),
  };
  const path = [0];
  let made = 0;
  for (const [index, text] of sorted.entries()) {
    path.length = shared[index]! + 1;
    for (let depth = path.length; depth <= text.length; depth += 1) {
      made += 1;
      const parent = path[depth - 1]!;
      trie.units[made] = text.charCodeAt(depth - 1);
      trie.depths[made] = depth;
      trie.sibling[made] = trie.firstChild[parent]!;
      trie.firstChild[parent] = made;
      path.push(made);
    }
    trie.isEnd[path.at(-1)!] = 1;
  }
  return trie;
}

/**
 * `fails`: the state of the longest proper suffix that is also in the trie. `shorter`: the state of the longest such
 * suffix that is a whole text.
 */
function linkTrie(
  { units, firstChild, sibling, isEnd }: Trie,
  childOf: (state: State, unit: number) => State,
): { readonly fails: Int32Array; readonly shorter: Int32Array } {
  const fails = new Int32Array(units.length);
  const shorter = new Int32Array(units.length);
  const queue = new Int32Array(units.length);
  let end = 1;
  for (let begin = 0; begin < end; begin += 1) {
    const parent = queue[begin]!;
    for (let child = firstChild[parent]!; child !== 0; child = sibling[child]!) {
      queue[end] = child;
      end += 1;
      if (parent === 0) continue;
      const unit = units[child]!;
      let at = fails[parent]!;
      while (at !== 0 && childOf(at, unit) === 0) at = fails[at]!;
      const fail = childOf(at, unit);
      fails[child] = fail;
      shorter[child] = isEnd[fail] === 1 ? fail : shorter[fail]!;
    }
  }
  return { fails, shorter };
}
