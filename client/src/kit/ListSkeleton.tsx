/** Stands for the rows of a table while they load, at their height, so that nothing moves when they arrive. */
import './list-table.css';

/** The heading and the rows that a person sees without scrolling. */
const ROWS = Array.from({ length: 13 }, (_, nth) => nth);

/** `said`: the sentence for screen readers, which see no rows here. */
export function ListSkeleton({ said }: { readonly said: string }) {
  return (
    <>
      <p class="unseen">{said}</p>
      <div class="list-skeleton" aria-hidden="true">
        {ROWS.map((nth) => (
          <div key={nth} class="list-skeleton-row" />
        ))}
      </div>
    </>
  );
}
