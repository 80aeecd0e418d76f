/** Parses the body of a PACS's answer. */
import { parseApart, type Parser } from '../threads/parse-apart.ts';
import { ThreadEnded } from '../threads/thread.ts';
import type { Answer, NoAnswer } from './ask.ts';
import type { Visit } from './visit.ts';

/** Null: there is no answer, or parsing takes too much memory or time. */
export async function readAnswer<Value>(
  { connection, signal }: Visit,
  answer: Answer | NoAnswer,
  parser: Parser<[], Value>,
): Promise<Value | null> {
  if (answer.kind === 'none') return null;
  const given = { bytes: answer.body, from: `doctor ${new URL(connection.url).host}`, signal };
  return parseApart(parser, given).catch((error: unknown) => {
    if (error instanceof ThreadEnded) return null;
    throw error;
  });
}
