/**
 * Every operation of the contract that takes a body: each kind by the caller who may least, one by every other; at the
 * addresses of its target in turn.
 */
import {
  attackGrowing,
  attackWith,
  FIRST_BYTES,
  isTooLarge,
  LAST_BYTES,
  limitOf,
  type Attack,
  type Named,
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
  readonly nth: number;
};
type Known = {
  /** By the name of a target: the largest body that it takes. */
  readonly limits: Map<string, number>;
  /** Kinds of a target of which a body was legal, by both names. */
  readonly legal: Set<string>;
};
const nameOf = ({ target, kind }: Pick<Aim, 'target' | 'kind'>): string => `${target.name} ${kind.name}`;

export async function* attackRoutes(tools: Tools, targets: readonly Target[]): AsyncGenerator<Attack> {
  const known: Known = { limits: new Map(), legal: new Set() };
  // At last, since it may end a thing that others are about.
  for (const isLegal of [false, true])
    for (const [nth, target] of targets.entries())
      yield* attackTarget(tools, known, { target, nth, isLegal });
}

async function* attackTarget(
  tools: Tools,
  known: Known,
  { target, nth, isLegal }: Pick<Aim, 'target' | 'isLegal' | 'nth'>,
): AsyncGenerator<Attack> {
  const kinds = target.kinds.filter((kind) => {
    const name = nameOf({ target, kind });
    return tools.isChosen(name) && (!isLegal || known.legal.has(name));
  });
  const aims = kinds.map((kind, at) => ({
    ...{ target, kind, caller: weakest(target.operation), isLegal, nth: at + nth + tools.seed },
  }));
  const limitKnown = () => target.operation.limit ?? known.limits.get(target.name);
  const plain = isLegal ? undefined : aims.find(({ kind }) => kind.isPlain && limitKnown() === undefined);
  if (plain) yield* findLimit(tools, known, plain);
  const growing = aims
    .filter((aim) => aim !== plain)
    .map((aim) => ({
      named: namedOf(aim),
      limit: limitOf(aim.kind, limitKnown() ?? LAST_BYTES, aim.nth),
      make: (bytes: number) => shotOf(tools, known, { ...aim, bytes }),
    }));
  yield* attackGrowing(tools, growing);
  for (const [at, caller] of target.operation.callers.slice(1).entries()) {
    const kind = kinds[at % kinds.length];
    if (kind) yield* attackOnce(tools, known, { target, kind, caller, isLegal, nth: at, bytes: FIRST_BYTES });
  }
}

/** Twice as large until it is refused, then between, to a sixteenth. */
async function* findLimit(tools: Tools, known: Known, aim: Aim): AsyncGenerator<Attack> {
  let taken = 0;
  let refused = Infinity;
  let isOfNothing = false;
  for (let bytes = FIRST_BYTES; bytes <= LAST_BYTES && refused - taken > taken / 16; ) {
    const [attack] = await Array.fromAsync(attackOnce(tools, known, { ...aim, bytes }));
    if (attack === undefined) return;
    yield attack;
    if (attack.heldMs > tools.enoughMs) return;
    isOfNothing = attack.said.startsWith('404');
    if (isTooLarge(attack)) refused = bytes;
    else taken = bytes;
    bytes = refused === Infinity ? 2 * taken : Math.round((taken + refused) / 2);
  }
  if (refused < Infinity) known.limits.set(aim.target.name, taken);
  // However large, its body is not read: there is nothing at the address.
  else if (isOfNothing) known.limits.set(aim.target.name, FIRST_BYTES);
}

const namedOf = (aim: Aim): Named => ({ name: nameOf(aim), group: 'routes', caller: aim.caller });

/** Yields one attack, or none. */
function attackOnce(
  tools: Tools,
  known: Known,
  aim: Aim & { readonly bytes: number },
): AsyncGenerator<Attack> {
  return attackWith(tools, namedOf(aim), () => shotOf(tools, known, aim));
}

async function shotOf({ ask, addresses }: Tools, known: Known, aim: Aim & { readonly bytes: number }) {
  const { target, kind, caller, isLegal, nth, bytes } = aim;
  const body = kind.make(bytes, target.place);
  if (target.isLegal(body)) known.legal.add(nameOf(aim));
  if (target.isLegal(body) !== isLegal) return null;
  const isRefused = target.mustRefuse(kind, body);
  const requests = await requestsFor(target, body, { caller, addresses, isRefused });
  const asked = requests[nth % requests.length];
  if (asked === undefined) return null;
  return { bytes: body.bytes.length, isRefused, fire: () => ask(caller, asked) };
}
