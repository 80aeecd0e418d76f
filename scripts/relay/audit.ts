/**
 * `relay audit verify`: asks the gateway to walk its audit chain. Exit 0: whole; 1: broken, with the first
 * row that does not follow.
 */
import { z } from 'zod';
import type { Surroundings } from './command.ts';
import { parseArguments } from './arguments.ts';
import { connect, CONNECTION_OPTIONS } from './connect.ts';

const verdictSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('whole'), rows: z.number(), head: z.string() }),
  z.object({ kind: z.literal('broken'), atSeq: z.number() }),
]);

export async function auditVerify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS], flags: ['json'] });
  const { api } = await connect(options, around);
  const verdict = await api.json('/audit/verify', verdictSchema, { signal: around.signal });
  if (options.flag('json')) around.print(JSON.stringify(verdict));
  else if (verdict.kind === 'whole')
    around.print(
      `The audit trail is whole: ${verdict.rows} rows, the last one ${verdict.head}. Keep this hash elsewhere.`,
    );
  else
    around.say(`The audit trail was changed: row ${verdict.atSeq} does not follow from the one before it.`);
  return verdict.kind === 'whole' ? 0 : 1;
}
