/** The header of each administration page: links to all the others, and the title. */
import { useEffect, useRef } from 'preact/hooks';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { ADMIN_PLACES, type AdminPlace } from './admin-places.ts';
import { adminWords } from './admin-words.ts';
import { NeedyCount } from './NeedyCount.tsx';

const NAMES = Object.keys(ADMIN_PLACES) as readonly AdminPlace[];

export function AdminHead({ at }: { readonly at: AdminPlace }) {
  const nav = useRef<HTMLElement>(null);
  // In a narrow window the links scroll sideways: the current one is in sight.
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (current) nav.current!.scrollLeft = current.offsetLeft - nav.current!.clientWidth / 2;
  }, [at]);
  return (
    <div class="admin-head stack">
      <nav ref={nav} class="row" aria-label={kitWords.pages.admin}>
        <a class="button button-bare tab" href={hrefOf({ page: 'admin', at: 'overview' })}>
          {adminWords.overview}
        </a>
        {NAMES.map((name) => (
          <a
            key={name}
            class="button button-bare tab"
            href={ADMIN_PLACES[name]}
            aria-current={name === at ? 'page' : undefined}
          >
            {kitWords.pages[name]}
            {name === 'destinations' && <NeedyCount />}
          </a>
        ))}
      </nav>
      <h1 tabIndex={-1}>{kitWords.pages[at]}</h1>
    </div>
  );
}
