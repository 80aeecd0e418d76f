/**
 * Limits how often somebody may try to prove who they are. Each limit has its own buckets. If one limit refuses an
 * attempt, the next limit does not count it, so nobody can use up the attempts of others:
 *
 * - a browser that the account has used before is counted by itself, whatever strangers try;
 * - all others are counted by name and address, then by name. Names without an account are counted in the same way;
 * - a device's assertions are counted by device, once its key has signed one;
 * - requests to confirm one's own password are counted by account.
 *
 * Requests that cannot be parsed, and assertions not signed by the device's key, do not count against anybody.
 */
import { Problem } from '#shared/protocol/problem.ts';
import { createRateLimit, type RateLimit } from '../http/rate-limit.ts';

/** Attempts a minute: a person mistypes a few times, but a guesser gets nowhere. */
const PER_PROVER = 10;
/** Attempts a minute from all addresses together. One address alone cannot reach this limit. */
const PER_NAME = 60;
/**
 * Attempts a minute from one address for names without an account that cost a derivation (0.2 s of processor time)
 * and a row of the audit trail. Further attempts only wait as long as a derivation takes, because the processor and
 * the disk are for those who have an account.
 */
const UNKNOWN_NAMES = 20;

export type Attempts = {
  /**
   * Counts an attempt of a browser that the account has signed in with before. Each `take` throws Problem
   * too-many-attempts.
   */
  takeKnown(device: string): void;
  /** `isAccount`: an account has this name. The caller's result does not reveal whether it has. */
  takeStranger(address: string, name: string, isAccount: boolean): void;
  takeAssertion(deviceId: string): void;
  takeAccount(accountId: string): void;
  /** Whether an attempt for a name without an account may use as much time and space as a real one. */
  mayCost(address: string): boolean;
};

/** `isLimited` false: attempts are not limited. `clock`: milliseconds that never go back. */
export function createAttempts(isLimited: boolean, clock: () => number): Attempts {
  const limit = (perMinute: number): RateLimit => createRateLimit(isLimited ? perMinute : null, clock);
  const known = limit(PER_PROVER);
  // Names without an account have buckets of their own, so that they cannot displace the counts of real names.
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
