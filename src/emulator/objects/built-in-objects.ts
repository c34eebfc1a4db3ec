import type { DescribeDocument } from '../schema/describe-document.ts';
import { accountObject } from './account.ts';
import { contactObject } from './contact.ts';
import { individualObject } from './individual.ts';
import { opportunityObject } from './opportunity.ts';
import { organizationObject } from './organization.ts';
import { userObject } from './user.ts';

/** The objects that every emulated org has. */
export function builtInObjects(customFields: number): DescribeDocument[] {
  return [
    organizationObject(),
    userObject(),
    accountObject(),
    contactObject(customFields),
    opportunityObject(),
    individualObject(),
  ];
}
