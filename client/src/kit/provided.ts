/**
 * Gives views access to their stores: `app` provides each store around all pages, and a hook next to the store returns
 * it.
 */
import { createContext, type Provider } from 'preact';
import { useContext } from 'preact/hooks';

/** A provider and its hook. The hook throws outside the provider: a view drawn without its store is a bug. */
export function provided<T>(name: string): [Provider<T | null>, () => NonNullable<T>] {
  const context = createContext<T | null>(null);
  return [
    context.Provider,
    () => {
      const value = useContext(context);
      if (value === null || value === undefined) throw new Error(`no ${name}`);
      return value;
    },
  ];
}
