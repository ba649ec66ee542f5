//! Footers that say other types than their files do, so that pages are read without loss.
//!
//! Timestamps of 96 bits are read as the 12 bytes that they are: as timestamps they would be cut or wrap around. Bytes
//! that a table has as text are said to be text, so that the reader looks at each value whether it is UTF-8.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::parquet::basic::{ConvertedType, Repetition, Type as Physical};
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::metadata::{FileMetaData, ParquetMetaData};
use datafusion::parquet::schema::types::{BasicTypeInfo, SchemaDescriptor, Type, TypePtr};

use super::int96;
use super::types::text;

/// The footer as the table's columns are read by it.
pub(super) fn retyped(footer: Arc<ParquetMetaData>, columns: &Schema) -> Result<Arc<ParquetMetaData>> {
    let file = footer.file_metadata();
    let root = file.schema_descr().root_schema();
    let fields = root.get_fields().iter().map(|field| retype(field, columns)).collect::<Result<Vec<_>>>()?;
    if fields.iter().zip(root.get_fields()).all(|(new, old)| Arc::ptr_eq(new, old)) {
        return Ok(footer);
    }
    let schema = Type::group_type_builder(root.name()).with_fields(fields).build()?;
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        Arc::new(SchemaDescriptor::new(Arc::new(schema))),
        file.column_orders().cloned(),
    );
    Ok(Arc::new(ParquetMetaData::new(file, footer.row_groups().to_vec())))
}

fn retype(field: &TypePtr, columns: &Schema) -> Result<TypePtr> {
    let (name, info) = (field.name(), field.get_basic_info());
    let builder = if is_int96(field) {
        Type::primitive_type_builder(name, Physical::FIXED_LEN_BYTE_ARRAY).with_length(int96::BYTES)
    } else if is_bytes(field) && columns.field_with_name(name).is_ok_and(|column| text(column.data_type())) {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY).with_converted_type(ConvertedType::UTF8)
    } else {
        return Ok(field.clone());
    };
    let id = info.has_id().then(|| info.id());
    Ok(Arc::new(builder.with_repetition(info.repetition()).with_id(id).build()?))
}

/// Whether a column is a timestamp of 96 bits, not a list or a struct of such.
pub(super) fn is_int96(field: &Type) -> bool {
    is_single(field) && field.get_physical_type() == Physical::INT96
}

/// Whether a column is bytes of which the file does not say what they mean; text is often written like this.
pub(super) fn is_bytes(field: &Type) -> bool {
    let plain =
        |info: &BasicTypeInfo| info.logical_type_ref().is_none() && info.converted_type() == ConvertedType::NONE;
    is_single(field) && field.get_physical_type() == Physical::BYTE_ARRAY && plain(field.get_basic_info())
}

fn is_single(field: &Type) -> bool {
    field.is_primitive() && field.get_basic_info().repetition() != Repetition::REPEATED
}
