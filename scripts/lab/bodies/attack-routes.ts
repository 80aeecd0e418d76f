/** Every operation of the contract that takes a body: each kind by the caller who may least, one by every other. */
import {
  attackRising,
  attackWith,
  FIRST_BYTES,
  isTooLarge,
  LAST_BYTES,
  limitOf,
  type Attack,
  type Tools,
} from './attack.ts';
import type { Kind } from './body.ts';
import { requestsFor, weakest, type Target } from './targets.ts';

/** `isLegal`: whether the body is sent if the contract takes it, or if not. */
type Aim = {
  readonly target: Target;
  readonly kind: Kind;
  readonly caller: string;
  readonly isLegal: boolean;
};
/** By the name of a target: the largest body that it takes. */
type Limits = Map<string, number>;

export async function* attackRoutes(tools: Tools, targets: readonly Target[]): AsyncGenerator<Attack> {
  const limits: Limits = new Map();
  // At last, since it may end a thing that others are about.
  for (const isLegal of [false, true])
    for (const [nth, target] of targets.entries())
      yield* attackTarget(tools, limits, { target, nth, isLegal });
}

async function* attackTarget(
  tools: Tools,
  limits: Limits,
  { target, nth, isLegal }: Pick<Aim, 'target' | 'isLegal'> & { readonly nth: number },
): AsyncGenerator<Attack> {
  const kinds = target.kinds.filter(({ name }) => tools.isChosen(`${target.name} ${name}`));
  for (const [at, kind] of kinds.entries()) {
    const limit = target.operation.limit ?? limits.get(target.name);
    const aim = { target, kind, caller: weakest(target.operation), isLegal };
    if (limit === undefined && kind.isPlain) yield* findLimit(tools, limits, aim);
    else {
      const largest = limitOf(kind, limit ?? LAST_BYTES, at + nth + tools.seed);
      yield* attackRising(tools, largest, (bytes) => attackOnce(tools, aim, bytes));
    }
  }
  for (const [at, caller] of target.operation.callers.slice(1).entries()) {
    const kind = kinds[at % kinds.length];
    if (kind) yield* attackOnce(tools, { target, kind, caller, isLegal }, FIRST_BYTES);
  }
}

/** Twice as large until it is refused, then between, to a sixteenth. */
async function* findLimit(tools: Tools, limits: Limits, aim: Aim): AsyncGenerator<Attack> {
  let taken = 0;
  let refused = Infinity;
  for (let bytes = FIRST_BYTES; bytes <= LAST_BYTES && refused - taken > taken / 16; ) {
    const [attack] = await Array.fromAsync(attackOnce(tools, aim, bytes));
    if (attack === undefined) return;
    yield attack;
    if (attack.heldMs > tools.enoughMs) return;
    if (isTooLarge(attack)) refused = bytes;
    else taken = bytes;
    bytes = refused === Infinity ? 2 * taken : Math.round((taken + refused) / 2);
  }
  if (refused < Infinity) limits.set(aim.target.name, taken);
}

/** Attacks, one for each address of the target. */
async function* attackOnce(tools: Tools, aim: Aim, bytes: number): AsyncGenerator<Attack> {
  const { ask, addresses } = tools;
  const { target, kind, caller, isLegal } = aim;
  const body = kind.make(bytes, target.place);
  if (target.isLegal(body) !== isLegal) return;
  const isRefused = target.mustRefuse(kind, body);
  for (const asked of await requestsFor(target, body, { caller, addresses, isRefused }))
    yield attackWith(tools, {
      ...{
        name: `${target.name} ${kind.name}`,
        group: 'routes',
        caller,
        bytes: body.bytes.length,
        isRefused,
      },
      fire: () => ask(caller, asked),
    });
}
