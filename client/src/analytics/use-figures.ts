/** Figures of one question; a new question drops the answer to the one before. */
import { useEffect, useMemo } from 'preact/hooks';
import type { z } from 'zod';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import { useApi } from '../net/net-context.ts';

export function useFigures<S extends z.ZodType>(path: string, schema: S): Resource<z.infer<S>, CaseTrouble> {
  const api = useApi();
  const figures = useMemo(() => createResource<z.infer<S>, CaseTrouble>(troubleOf), [path]);
  useEffect(() => {
    void figures.ask(async (signal) => (await api.json(path, schema, { signal })) as z.infer<S>);
    return figures.close;
  }, [figures]);
  return figures;
}
