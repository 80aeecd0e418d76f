/** Figures of one question; a new question drops the answer to the one before. */
import { useEffect, useState } from 'preact/hooks';
import type { z } from 'zod';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { useApi } from '../net/net-context.ts';

export type Figures<T> = {
  /** Null until they are here. */
  readonly figures: T | null;
  readonly trouble: CaseTrouble | null;
  readonly again: () => void;
};

export function useFigures<S extends z.ZodType>(path: string, schema: S): Figures<z.infer<S>> {
  const api = useApi();
  const [answer, setAnswer] = useState<{ readonly path: string; readonly figures: z.infer<S> } | null>(null);
  const [trouble, setTrouble] = useState<CaseTrouble | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const asking = new AbortController();
    setTrouble(null);
    api.json(path, schema, { signal: asking.signal }).then(
      (figures) => setAnswer({ path, figures: figures as z.infer<S> }),
      (error: unknown) => {
        if (!asking.signal.aborted) setTrouble(troubleOf(error));
      },
    );
    return () => asking.abort();
  }, [path, attempt]);
  return {
    figures: answer?.path === path ? answer.figures : null,
    trouble,
    again: () => setAttempt(attempt + 1),
  };
}
