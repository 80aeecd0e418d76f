/**
 * Tells the gateway of decisions about uploads, each under the account that the study was queued for. Another person
 * may have signed in meanwhile, and the gateway would not find the upload among theirs.
 */
import type { ApiClient } from '../../../net/api-client.ts';
import type { EndingTools } from './end-study.ts';

export function decisionsTo(api: Pick<ApiClient, 'text' | 'send'>): Pick<EndingTools, 'decide' | 'withdraw'> {
  const tell = async (uploadId: string, body: object, as: string | null) =>
    void (await api.text(`/upload/${uploadId}/decisions`, { body, as }));
  return {
    decide: (uploadId, decision, instances, as) => tell(uploadId, { decision, instances }, as),
    async withdraw(uploadId, instances, as) {
      const { status } = await api.send(`/upload/${uploadId}`, { method: 'DELETE', as });
      // Other instances of the study have already left this account, so only these are taken back.
      if (status === 409 && instances.length > 0)
        await tell(uploadId, { decision: 'take-back', instances }, as);
    },
  };
}
