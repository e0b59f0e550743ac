import { Entity, ManyToOne, PrimaryKey, Property, type FilterQuery } from '@mikro-orm/core';
import { User } from 'sallyport';

/** A page of the notebook. Its owner writes it; others read it if it is shared. */
@Entity({ tableName: 'notebook_note' })
export class Note {
  @PrimaryKey()
  id!: number;

  @ManyToOne(() => User)
  owner!: User;

  @Property({ length: 200 })
  title!: string;

  @Property({ type: 'text' })
  text!: string;

  @Property()
  shared!: boolean;

  @Property()
  created!: Date;
}

/** The notes that a user may know of at all. */
export function visibleTo(user: User): FilterQuery<Note> {
  return { $or: [{ owner: user.id }, { shared: true }] };
}

/** A note as clients see it. */
export function describeNote({ id, owner, title, text, shared, created }: Note): object {
  return { id, owner: owner.username, title, text, shared, created };
}
