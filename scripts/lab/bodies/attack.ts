/** An attack: something that is fired at the gateway under test, and what it cost. */
import type { Addresses } from './addresses.ts';
import type { Answer } from '../hostile/door.ts';
import type { Ask } from './ask.ts';
import type { Kind } from './body.ts';
import type { Cost, Watch } from './watch-gateway.ts';

/** In this order: once a PACS keeps what routes and files were sent, it takes half a minute to list its studies. */
export const GROUPS = ['answers', 'slow', 'dimse', 'routes', 'files'] as const;
export type Group = (typeof GROUPS)[number];

export type Shot = {
  /** Names the target and the body; `--only` repeats it. */
  readonly name: string;
  readonly group: Group;
  readonly caller: string;
  readonly bytes: number;
  /** The gateway has to refuse it. */
  readonly isRefused: boolean;
  readonly fire: () => Promise<Answer>;
};

export type Attack = Cost &
  Omit<Shot, 'fire' | 'isRefused'> & {
    /** Status and code. */
    readonly said: string;
    /** The gateway took it: the largest legal body may cost more. */
    readonly isTaken: boolean;
    /** Null: the answer was right. */
    readonly fault: string | null;
  };

export type Tools = {
  readonly ask: Ask;
  readonly addresses: Addresses;
  readonly watch: Watch;
  /** After a turn this long, in milliseconds, nothing larger is fired. */
  readonly enoughMs: number;
  readonly seed: number;
  readonly isChosen: (name: string) => boolean;
};

const toAttack = (
  { name, group, caller, bytes, isRefused }: Omit<Shot, 'fire'>,
  said: Answer,
  cost: Cost,
): Attack => ({
  ...{ name, group, caller, bytes },
  ...cost,
  said: `${said.status}${said.code === null ? '' : ` ${said.code}`}`,
  isTaken: said.status >= 200 && said.status < 300,
  fault: faultOf(said, isRefused),
});

const NOT_ENDED = 'not-ended';
const notEnded = (error: unknown): Answer => ({ status: 0, code: NOT_ENDED, body: String(error) });

/** An attack that comes to no end is a fault of its own; the others go on. */
const fireOf = ({ fire }: Shot): Promise<Answer> => fire().catch(notEnded);

/** The name of an attack, its group, and whoever makes it. */
export type Named = Pick<Shot, 'name' | 'group' | 'caller'>;
const NO_COST: Cost = { heldMs: 0, collectedMs: 0, answeredMs: 0, grownBytes: 0, heldBytes: 0 };

/** An attack that could not be made, or measured, has this fault; the others go on. */
export const toFailed = (named: Named, error: unknown): Attack =>
  toAttack({ bytes: 0, isRefused: false, ...named }, notEnded(error), NO_COST);

/** Null: the answer is right. */
export function faultOf({ status, code, body }: Answer, isRefused: boolean): string | null {
  if (code === NOT_ENDED) return `came to no end: ${String(body)}`;
  if (code === 'unexpected' || (status >= 500 && code === null)) return `was answered ${status} ${code}`;
  return isRefused && status >= 200 && status < 300 ? `was taken (${status})` : null;
}

/** A shot without its name; null: nothing is fired. */
type Making = Omit<Shot, keyof Named> | null;

/** Whatever goes wrong before, while or after it is fired is a fault of this attack. */
export async function* attackWith(
  tools: Tools,
  named: Named,
  make: () => Making | Promise<Making>,
): AsyncGenerator<Attack> {
  try {
    const made = await make();
    if (made !== null) yield await attackMeasured(tools, { ...named, ...made });
  } catch (error) {
    yield toFailed(named, error);
  }
}

/** Others use the machine meanwhile. Only a turn that is long the second time too counts as caused by the attack. */
async function attackMeasured({ watch, enoughMs }: Tools, shot: Shot): Promise<Attack> {
  const [said, cost] = await watch.measure(() => fireOf(shot));
  const attack = toAttack(shot, said, cost);
  if (cost.heldMs <= enoughMs) return attack;
  const [, again] = await watch.measure(() => fireOf(shot));
  if (again.heldMs > enoughMs) return attack;
  watch.noteBeside({ heldMs: cost.heldMs, during: shot.name });
  return { ...attack, heldMs: again.heldMs };
}

/**
 * Fires all at once. If that turn is too long, fires each again alone, and also each that was refused unread because of
 * the others.
 */
export async function* attackTogether(tools: Tools, shots: readonly Shot[]): AsyncGenerator<Attack> {
  try {
    const [said, cost] = await tools.watch.measure(() => Promise.all(shots.map(fireOf)));
    for (const [at, shot] of shots.entries()) {
      const isAlone = cost.heldMs > tools.enoughMs || said[at]!.code === 'rate-limited';
      yield isAlone ? await attackMeasured(tools, shot) : toAttack(shot, said[at]!, cost);
    }
  } catch (error) {
    yield* shots.map((shot) => toFailed(shot, error));
  }
}

export const FIRST_BYTES: number = 64 * 1024;
const MIDDLE_BYTES = 1024 ** 2;
/** Nothing larger is fired where there is no limit. */
export const LAST_BYTES: number = 64 * 1024 ** 2;
const STEP = 4;
/**
 * Which bodies are as large as allowed: every eighth file or answer, every third other body, and each kind that is
 * worst at its limit (`isAtLimit`). Of the rest, every second has at most a megabyte, and the others are small. Each
 * seed chooses others.
 */
const LARGE_FILES = 8;
const LARGE_BODIES = 3;
const MIDDLE_BODIES = 2;

/** How large the kind becomes at the nth place where it is tried. */
export const limitOf = (
  { isFile = false, isAtLimit = false }: Pick<Kind, 'isFile' | 'isAtLimit'>,
  limit: number,
  nth: number,
): number => {
  if (isAtLimit || nth % (isFile ? LARGE_FILES : LARGE_BODIES) === 0) return limit;
  return Math.min(limit, nth % MIDDLE_BODIES === 0 ? MIDDLE_BYTES : FIRST_BYTES);
};

/** How many small shots are fired at once: as many as one account may send at the same time. */
const AT_ONCE = 8;

/** An attack whose body is made in a given size. `make` returns null if there is none of that size. */
export type Growing = {
  readonly named: Named;
  readonly limit: number;
  readonly make: (bytes: number) => Promise<Making>;
};

/**
 * Fires each with larger and larger bodies, up to its limit or until `isEnough`. Up to a megabyte, several are fired at
 * once; above that, each alone.
 */
export async function* attackGrowing(tools: Tools, all: readonly Growing[]): AsyncGenerator<Attack> {
  let left: readonly { readonly one: Growing; readonly heldMs: number }[] = all.map((one) => ({
    one,
    heldMs: 0,
  }));
  for (const size of [FIRST_BYTES, MIDDLE_BYTES]) {
    const larger: (typeof left)[number][] = [];
    for (let at = 0; at < left.length; at += AT_ONCE) {
      const some = left.slice(at, at + AT_ONCE).map(({ one }) => one);
      const made = await Promise.all(some.map((one) => shotOf(one, Math.min(size, one.limit))));
      const aimed = some.filter((_, nth) => made[nth] !== null);
      const shots = made.filter((shot) => shot !== null);
      const attacks = await Array.fromAsync(attackTogether(tools, shots));
      yield* attacks;
      for (const [nth, one] of aimed.entries()) {
        const attack = attacks[nth]!;
        if (size < one.limit && !isEnough(tools, attack, size)) larger.push({ one, heldMs: attack.heldMs });
      }
    }
    left = larger;
  }
  for (const { one, heldMs } of left) {
    const attackOf = (bytes: number) => attackWith(tools, one.named, () => one.make(bytes));
    yield* attackRising(tools, one.limit, attackOf, isFree(tools, heldMs) ? one.limit : MIDDLE_BYTES * STEP);
  }
}

/** Null: there is nothing of this size. If the shot cannot be made, firing it fails. */
async function shotOf({ named, make }: Growing, bytes: number): Promise<Shot | null> {
  try {
    const made = await make(bytes);
    return made && { ...named, ...made };
  } catch (error) {
    return { ...named, bytes: 0, isRefused: false, fire: () => Promise.reject(error as Error) };
  }
}

const isFree = ({ enoughMs }: Tools, heldMs: number): boolean => heldMs < enoughMs / STEP;

/**
 * Fires larger and larger bodies, up to the limit or until `isEnough`. If a small body took hardly any time, sizes are
 * skipped.
 */
export async function* attackRising(
  tools: Tools,
  limit: number,
  attacksOf: (bytes: number) => AsyncIterable<Attack>,
  from = FIRST_BYTES,
): AsyncGenerator<Attack> {
  for (let bytes = Math.min(from, limit); ; ) {
    const attacks = await Array.fromAsync(attacksOf(bytes));
    yield* attacks;
    if (attacks.length === 0 || bytes === limit || attacks.some((one) => isEnough(tools, one, bytes))) return;
    const isAllFree = attacks.every(({ heldMs }) => isFree(tools, heldMs));
    const next = !isAllFree ? bytes * STEP : bytes < MIDDLE_BYTES ? MIDDLE_BYTES : limit;
    bytes = Math.min(next, limit);
  }
}

/** A refusal that comes before the body was read may be lost with the connection (RFC 9112 §9.6). */
export const isTooLarge = ({ said }: Attack): boolean => /^(413|0)\b/.test(said);
/** Whether nothing larger need be fired: the turn was too long, the body too large, or its kind has nothing larger. */
const isEnough = ({ enoughMs }: Tools, attack: Attack, bytes: number): boolean =>
  attack.heldMs > enoughMs || isTooLarge(attack) || attack.bytes < bytes / 2;
