/**
 * Answers of a destination: each service that something asks, with each type, shape and size. The services are found
 * by asking: every reading operation of the contract, the doctor, and a study on its way.
 */
import { attackRising, attackWith, limitOf, toFailed, type Attack, type Tools } from './attack.ts';
import type { Answer } from '../hostile/door.ts';
import { placeFor, type Kind, type Place } from './body.ts';
import type { Liar } from './liar.ts';
import type { Operation } from './operations.ts';
import { weakest } from './targets.ts';

/** Something that makes the gateway ask; it ends when the gateway has heard the answer. */
export type Trigger = {
  readonly liar: Liar;
  readonly caller: string;
  readonly fire: () => Promise<Answer>;
};

/** Reading operations ask while they are answered; streams of events never end. */
export const readingTriggers = (
  { ask, addresses }: Tools,
  operations: readonly Operation[],
  liar: Liar,
): readonly Trigger[] =>
  operations
    .filter(({ method, path }) => method === 'GET' && !path.endsWith('/events'))
    .map((operation) => {
      const caller = weakest(operation);
      const fire = async () => {
        const [path] = await addresses.real(operation, caller);
        return ask(caller, { method: 'GET', path: path! });
      };
      return { liar, caller, fire };
    });

/** `triggers`: the quickest first. The first that makes the gateway ask a service is what asks it from then on. */
export async function* attackAnswers(tools: Tools, triggers: readonly Trigger[]): AsyncGenerator<Attack> {
  const services = new Map<string, Trigger>();
  for (const trigger of triggers) {
    trigger.liar.lies.takeAsked();
    try {
      await trigger.fire();
    } catch (error) {
      yield toFailed(
        { name: `questions-to ${trigger.liar.url}`, group: 'answers', caller: trigger.caller },
        error,
      );
    }
    for (const service of trigger.liar.lies.takeAsked())
      if (!services.has(`${trigger.liar.url} ${service}`))
        services.set(`${trigger.liar.url} ${service}`, trigger);
  }
  for (const [nth, [known, trigger]] of [...services].entries()) {
    const service = known.slice(trigger.liar.url.length + 1);
    for (const [type, every] of trigger.liar.types) {
      const place = placeFor(type, tools.seed);
      const kinds = trigger.liar
        .kindsOf(place)
        .filter(({ isAtLimit = false }, at) => isAtLimit || at % every === nth % every);
      for (const [at, kind] of kinds.entries())
        yield* attackService(tools, { service, trigger, kind, place, nth: at + nth + tools.seed });
    }
  }
}

type Aim = {
  readonly service: string;
  readonly trigger: Trigger;
  readonly kind: Kind;
  readonly place: Place;
  readonly nth: number;
};

async function* attackService(
  tools: Tools,
  { service, trigger, kind, place, nth }: Aim,
): AsyncGenerator<Attack> {
  const { liar, caller } = trigger;
  const name = `answer-to ${service} ${place.type.replaceAll(/\s/g, '')} ${kind.name}`;
  if (!tools.isChosen(name)) return;
  yield* attackRising(tools, limitOf({ ...kind, isFile: true }, liar.limit, nth), (bytes) =>
    attackWith(tools, { name, group: 'answers', caller }, () => {
      const body = kind.make(bytes, place);
      const fire = async () => {
        liar.lies.arm(service, body);
        return trigger.fire().finally(() => liar.lies.arm(null));
      };
      return { bytes: body.bytes.length, isRefused: false, fire };
    }),
  );
}
