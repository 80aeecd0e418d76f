/** Commands of the command line, run in this process as a person runs them. */
import { relay } from '../../scripts/relay.ts';

/** `out`: what it printed; `said`: what it told the person at the terminal. */
export type RelayOutcome = { readonly code: number; readonly out: string; readonly said: string };

export async function runRelay(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RelayOutcome> {
  const out: string[] = [];
  const said: string[] = [];
  const code = await relay(args, {
    env,
    signal: new AbortController().signal,
    print: (line) => void out.push(line),
    say: (line) => void said.push(line),
  });
  return { code, out: out.join('\n'), said: said.join('\n') };
}
