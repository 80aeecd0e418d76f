/**
 * Says that rules take precedence over the destination's own setting, and links to the rules that send studies to it.
 * Draws nothing if there are none.
 */
import type { Destination } from '#shared/protocol/destination.ts';
import { hrefOf } from '../kit/routes.ts';
import { destinationWords as words } from './destination-words.ts';
import { sendersTo, type DecidingRule } from './rule-form.ts';

type Props = { readonly destination: Pick<Destination, 'id'>; readonly rules: readonly DecidingRule[] };

export function RulesFirst({ destination, rules }: Props) {
  if (rules.length === 0) return null;
  return (
    <div class="row">
      <p class="small quiet">{words.rulesFirst(sendersTo(destination, rules))}</p>
      <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'rules' })}>
        {words.toRules}
      </a>
    </div>
  );
}
