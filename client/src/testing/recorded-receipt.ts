/** The content of a receipt, with instances that a test names; its signature is another matter. */
import type { Receipt } from '#shared/protocol/receipt.ts';

export const recordedReceipt = (some: Partial<Receipt> & Pick<Receipt, 'instances'>): Receipt => ({
  ...{ jti: '0b8f0f0a-5f0e-4b8a-9d5c-0d5a2f6f7a11', iss: 'http://localhost:3000', iat: 1_773_324_120 },
  ...{ version: 1, studyInstanceUID: '1.2.3', revision: 2, policy: { name: 'identified', version: 1 } },
  ...{ pacs: 'http://127.0.0.1:8042/dicom-web/', root: 'a'.repeat(64) },
  ...some,
});
