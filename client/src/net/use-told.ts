/** The gateway's answer at one path. Changing the path discards the previous answer. */
import { useEffect, useMemo } from 'preact/hooks';
import type { z } from 'zod';
import { troubleOf } from './trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import { useApi } from './net-context.ts';

export function useTold<S extends z.ZodType>(path: string, schema: S): Resource<z.infer<S>, Trouble> {
  const api = useApi();
  const told = useMemo(() => createResource<z.infer<S>, Trouble>(troubleOf), [path]);
  useEffect(() => {
    void told.ask(async (signal) => (await api.json(path, schema, { signal })) as z.infer<S>);
    return told.close;
  }, [told]);
  return told;
}
