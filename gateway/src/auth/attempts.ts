/**
 * How often somebody may try to prove who they are. Each limit has buckets of its own, and nothing is taken from
 * the next one where the one before has refused, so nobody can use up what others need:
 *
 * - a browser that the account has used before: alone, whatever strangers try;
 * - everybody else: by name and address, then by name. Names that no account has are counted alike;
 * - a device's assertions: by device, once its key has signed one;
 * - one's own password, asked for again: by account.
 *
 * Requests that cannot be read, and assertions that the device's key has not signed, take nothing from anybody.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createRateLimit, type RateLimit } from '../http/rate-limit.ts';

/** A minute. A person mistypes a few times; a guesser gets nowhere. */
const PER_PROVER = 10;
/** A minute, from all addresses together: one address alone cannot reach it. */
const PER_NAME = 60;
/**
 * A minute from one address: attempts for names without an account that cost a derivation (0.2 s of processor
 * time) and a row of the audit trail. Beyond it they only take the time of one: the processor and the disk are for
 * those who may be let in.
 */
const UNKNOWN_NAMES = 20;

export type Attempts = {
  /**
   * Counts an attempt of a browser that the account has signed in with before. Each `take` throws Problem
   * too-many-attempts.
   */
  takeKnown(device: string): void;
  /** `isAccount`: there is one of this name; nobody can tell by what this does. */
  takeStranger(address: string, name: string, isAccount: boolean): void;
  takeAssertion(deviceId: string): void;
  takeAccount(accountId: string): void;
  /** Whether an attempt for a name without an account may cost what a real one does. */
  mayCost(address: string): boolean;
};

/** `isLimited` false: as many as they like. `clock`: milliseconds that never go back. */
export function createAttempts(isLimited: boolean, clock: () => number): Attempts {
  const limit = (perMinute: number): RateLimit => createRateLimit(isLimited ? perMinute : null, clock);
  const known = limit(PER_PROVER);
  // Made-up names are remembered apart: they must not make the gateway forget how often a real one was tried.
  const forNames = () => ({ here: limit(PER_PROVER), anywhere: limit(PER_NAME) });
  const real = forNames();
  const madeUp = forNames();
  const assertions = limit(PER_PROVER);
  const accounts = limit(PER_PROVER);
  const unknownNames = limit(UNKNOWN_NAMES);
  return {
    takeKnown: (device) => requireTurn(known.take(device)),
    takeStranger(address, username, isAccount) {
      const name = username.toLowerCase();
      const { here, anywhere } = isAccount ? real : madeUp;
      requireTurn(here.take(`${address} ${name}`));
      requireTurn(anywhere.take(name));
    },
    takeAssertion: (deviceId) => requireTurn(assertions.take(deviceId)),
    takeAccount: (accountId) => requireTurn(accounts.take(accountId)),
    mayCost: (address) => unknownNames.take(address) === 0,
  };
}

function requireTurn(waitSeconds: number): void {
  if (waitSeconds > 0) throw tooManyAttempts(waitSeconds);
}

export function tooManyAttempts(waitSeconds: number): Problem {
  return new Problem('too-many-attempts', undefined, { 'Retry-After': String(waitSeconds) });
}
