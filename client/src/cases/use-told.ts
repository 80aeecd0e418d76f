/** The gateway's answer at one path: another path drops the answer to the one before. */
import { useEffect, useMemo } from 'preact/hooks';
import type { z } from 'zod';
import { createResource, type Resource } from '../kit/resource.ts';
import { useApi } from '../net/net-context.ts';
import { troubleOf, type CaseTrouble } from './case-trouble.ts';

export function useTold<S extends z.ZodType>(path: string, schema: S): Resource<z.infer<S>, CaseTrouble> {
  const api = useApi();
  const told = useMemo(() => createResource<z.infer<S>, CaseTrouble>(troubleOf), [path]);
  useEffect(() => {
    void told.ask(async (signal) => (await api.json(path, schema, { signal })) as z.infer<S>);
    return told.close;
  }, [told]);
  return told;
}
