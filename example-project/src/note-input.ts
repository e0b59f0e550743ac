import { IsBoolean, IsNotEmpty, IsString, MaxLength, NotContains, ValidateIf } from 'class-validator';

// PostgreSQL can't hold the character.
const NO_NULL = { message: 'Null characters are not allowed.' };

/** What a client says of a note. */
export class NoteInput {
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  @NotContains('\0', NO_NULL)
  title!: string;

  @IsString()
  @NotContains('\0', NO_NULL)
  text!: string;

  @ValidateIf((_note, value) => value !== undefined)
  @IsBoolean()
  shared?: boolean;
}
